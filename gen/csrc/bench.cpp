// One bench for every module that qrtl emits: a driver, a monitor and a scoreboard around the module.
//
// Commands, one a line; values are lower-case hex, two's complement at the port's width; one blank between fields:
//   = NAME VALUE   set an input that is in no stream, once every earlier beat has been accepted
//   > F F F        one beat of the input stream, fields in the order of ports.h
//   c N            N clock cycles without a new beat
//   r N            reset for two cycles; of the N output beats since the last f, the ones that have not come are lost
//   f N            run until N output beats have come since the last f; then print "." and flush
//   q              quit, as the end of the input does
// Every output beat is a line of fields, all digits of each. A module without a clock answers every beat at once.
//
// Options: --vectors FILE (commands; else standard input), --expect FILE (compare with its lines instead of printing;
// `x` is a digit that does not matter), --stall PERCENT (of the cycles, on either side), --seed N (of stalls and of
// what registers hold at first), --zeroed (registers, memories and payload ports without a beat hold 0 instead of random
// bits, as in an evaluation that has no unknowns), --trace FILE.vcd, --cycles (at the end, on standard error: the number
// of clock cycles; the cycles of the first input beat and of the last output beat, counted from 0; the number of cycles
// after the first beat in which a beat was refused).
// Exit status: 0; 1 mismatch or no vectors; 2 bad input; 3 the module broke the stream protocol, or hangs.

#include <cinttypes>
#include <utility>

#include "chance.h"
#include "driver.h"
#include "module.h"
#include "monitor.h"
#include "scoreboard.h"
#include "text.h"

namespace {

struct Options {
    unsigned stall = 0;
    uint64_t seed = 1;
    const char* trace = nullptr;
    const char* expect = nullptr;
    const char* vectors = nullptr;
    bool zeroed = false;
    bool cycles = false;
};

// The commands, and the clock that they take their time from.
class Bench {
  public:
    explicit Bench(const Options& options)
        : simulation_(options.seed, options.zeroed, options.trace),
          chance_(options.seed, options.stall),
          scoreboard_(options.expect),
          driver_(simulation_.dut(), chance_, !options.zeroed),
          monitor_(simulation_.dut(), chance_, scoreboard_),
          tells_cycles_(options.cycles) {
        driver_.withhold();
        reset(0);
    }

    // `due`: output beats that would come without the reset.
    void reset(uint64_t due) {
        if (!kModule.clocked) return;
        if (monitor_.received() > due) throw wrong_count(due);
        for (uint64_t i = monitor_.received(); i < due; i++) scoreboard_.lost();
        monitor_.restart();
        quiet_ = 0;
        kModule.in_valid.drive(simulation_.dut(), false);
        monitor_.block();  // nothing drains: only the reset can empty the module
        kModule.reset.drive(simulation_.dut(), false);
        for (int i = 0; i < 2; i++) {
            fall();
            rise();
        }
        kModule.reset.drive(simulation_.dut(), true);
        monitor_.reset();
    }

    void setting(char* at) { driver_.setting(at); }

    void beat(char* at) {
        driver_.read(at);
        quiet_ = 0;
        if (!kModule.clocked) {
            driver_.offer();
            simulation_.eval();
            monitor_.answer(cycles_);
            return;
        }
        while (!driver_.may_offer(cycles_)) pause();
        while (chance_.stalls()) pause();
        driver_.offer();
        while (!cycle()) {}
        driver_.transferred(cycles_);
    }

    void idle(uint64_t n) {
        driver_.withhold();
        for (uint64_t i = 0; kModule.clocked && i < n; i++) {
            cycle();
            quiet_ = 0;  // nothing is waited for
        }
    }

    void flush(uint64_t n) {
        driver_.withhold();
        quiet_ = 0;
        while (kModule.clocked && monitor_.received() < n) cycle();
        // A module that gives more than it should would do so now, when nothing holds it back.
        unsigned stall = chance_.stall(0);
        monitor_.hurry();
        idle(8);
        chance_.stall(stall);
        if (monitor_.received() != n) throw wrong_count(n);
        monitor_.restart();
        scoreboard_.flushed();
    }

    // Exit status.
    int finish() {
        write_out();
        if (tells_cycles_) {
            fprintf(stderr, "cycles %" PRIu64 " first %" PRIu64 " last %" PRIu64 " refused %" PRIu64 "\n", cycles_, first_,
                    last_, refused_);
        }
        return scoreboard_.finish(cycles_);
    }

    void write_out() { scoreboard_.write_out(); }

  private:
    std::string at_cycle() const { return "cycle " + std::to_string(cycles_) + ": "; }
    Failure wrong_count(uint64_t due) const {
        return {3, at_cycle() + std::to_string(monitor_.received()) + " beats came, not " + std::to_string(due)};
    }

    // The inputs that were set since the rising edge change with the falling one: no module looks at it.
    void fall() {
        kModule.clock.drive(simulation_.dut(), false);
        simulation_.eval();
    }
    void rise() {
        kModule.clock.drive(simulation_.dut(), true);
        simulation_.eval();
        cycles_++;
    }

    // One clock cycle without a beat.
    void pause() {
        driver_.withhold();
        cycle();
    }

    // One clock cycle, seen just before the rising edge; true if an offered beat was accepted.
    bool cycle() {
        monitor_.prepare();
        fall();
        bool accepted = driver_.accepted();
        refused_ += began_ && driver_.refused();
        if (accepted && !std::exchange(began_, true)) first_ = cycles_;
        bool taken = monitor_.watch(cycles_);
        if (taken) last_ = cycles_;
        quiet_ = accepted || taken ? 0 : quiet_ + 1;
        if (quiet_ > kModule.patience) {
            throw Failure{3, at_cycle() + "no transfer for " + std::to_string(kModule.patience) + " cycles"};
        }
        rise();
        return accepted;
    }

    Simulation simulation_;
    Chance chance_;
    Scoreboard scoreboard_;
    Driver driver_;
    Monitor monitor_;
    bool tells_cycles_;
    bool began_ = false;  // an input beat was accepted
    uint64_t first_ = 0, last_ = 0, refused_ = 0;
    uint64_t cycles_ = 0;
    uint64_t quiet_ = 0;  // cycles since the last transfer on either side
};

// False to quit.
bool obey(Bench& bench, char* line) {
    if (line[0] && line[1] && line[1] != ' ') throw Failure{2, std::string("unknown command: ") + line};
    char* at = line + (line[0] && line[1] ? 2 : 1);
    switch (line[0]) {
        case '>': bench.beat(at); return true;
        case '=': bench.setting(at); return true;
        case 'c': bench.idle(read_count(at)); return true;
        case 'f': bench.flush(read_count(at)); return true;
        case 'r': bench.reset(read_count(at)); return true;
        case 'q': return false;
        default: throw Failure{2, std::string("unknown command: ") + line};
    }
}

int run(const Options& options) {
    Reader reader(options.vectors);
    Bench bench(options);
    try {
        for (char* line = reader.line(); line && obey(bench, line); line = reader.line()) {}
    } catch (Failure& failure) {
        bench.write_out();
        failure.text = "line " + std::to_string(reader.number()) + ": " + failure.text;
        throw;
    }
    return bench.finish();
}

Options read_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; i++) {
        std::string name = argv[i];
        if (name == "--cycles" || name == "--zeroed") {
            (name == "--cycles" ? options.cycles : options.zeroed) = true;
            continue;
        }
        if (i + 1 == argc) throw Failure{2, name + ": unknown, or wants a value"};
        const char* value = argv[++i];
        if (name == "--stall") options.stall = static_cast<unsigned>(read_count(value));
        else if (name == "--seed") options.seed = read_count(value);
        else if (name == "--trace") options.trace = value;
        else if (name == "--expect") options.expect = value;
        else if (name == "--vectors") options.vectors = value;
        else throw Failure{2, name + ": unknown option"};
    }
    if (options.stall > 99) throw Failure{2, "--stall: " + std::to_string(options.stall) + " is outside 0..=99"};
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(read_options(argc, argv));
    } catch (const Failure& failure) {
        fprintf(stderr, "error: %s\n", failure.text.c_str());
        return failure.status;
    }
}
