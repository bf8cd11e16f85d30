// One bench for every module that qrtl emits. What differs between modules is in ports.h.
//
// Commands, one a line; values are lower-case hex, two's complement at the port's width; one blank between fields:
//   = NAME VALUE   set an input that is in no stream, once every earlier beat has been accepted
//   > F F F        one beat of the input stream, fields in the order of ports.h
//   c N            N clock cycles without a new beat
//   r N            reset for two cycles; those of the N output beats since the last f that have not come are lost
//   f N            run until N output beats have come since the last f; then print "." and flush
//   q              quit, as the end of the input does
// Every output beat is a line of fields, all digits of each. A module without a clock answers every beat at once.
//
// Options: --vectors FILE (commands; else standard input), --expect FILE (compare with its lines instead of printing;
// `x` is a digit that does not matter), --stall PERCENT (of the cycles, on either side), --seed N (of stalls and of
// what registers hold at first), --trace FILE.vcd, --cycles (at the end, on standard error: clock cycles; those of the
// first input beat and of the last output beat, counted from 0; those after the first in which a beat was refused).
// Exit status: 0; 1 mismatch or no vectors; 2 bad input; 3 the module broke the stream protocol, or hangs.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "Vdut.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

// ---- Ports ----

// A value of any width, 64 bits a word, low word first.
using Value = std::vector<uint64_t>;

struct Port {
    const char* name;
    unsigned width;
    void (*set)(Vdut&, const Value&);
    void (*get)(const Vdut&, Value&);
};

// A port of one bit that the bench itself drives or watches; null where the module has none.
struct Bit {
    void (*set)(Vdut&, bool);
    bool (*get)(const Vdut&);
};

template <typename T>
void put(T& port, const Value& v) { port = static_cast<T>(v[0]); }
template <std::size_t N>
void put(VlWide<N>& port, const Value& v) {
    for (std::size_t i = 0; i < N; i++) port[i] = static_cast<uint32_t>(v[i / 2] >> (32 * (i % 2)));
}
template <typename T>
void take(const T& port, Value& v) { v[0] = port; }
template <std::size_t N>
void take(const VlWide<N>& port, Value& v) {
    for (auto& word : v) word = 0;
    for (std::size_t i = 0; i < N; i++) v[i / 2] |= static_cast<uint64_t>(port[i]) << (32 * (i % 2));
}

#define QRTL_PORT(NAME, WIDTH)                                                 \
    {#NAME, WIDTH, [](Vdut& d, const Value& v) { put(d.NAME, v); },            \
     [](const Vdut& d, Value& v) { take(d.NAME, v); }}
#define QRTL_BIT(NAME) {[](Vdut& d, bool v) { d.NAME = v; }, [](const Vdut& d) { return d.NAME != 0; }}
#define QRTL_NO_BIT {nullptr, nullptr}

#include "ports.h"

void set(const Bit& bit, Vdut& dut, bool v) {
    if (bit.set) bit.set(dut, v);
}

// ---- Text ----

// Ends the run with an exit status; main() prints the text.
struct Failure {
    int status;
    std::string text;
};

// Lines of a file, or of standard input as they come.
class Reader {
  public:
    explicit Reader(const char* path) : file_(path ? fopen(path, "r") : stdin) {
        if (!file_) throw Failure{2, std::string("cannot read ") + path};
    }

    // The next line without its end, for the caller to cut up; null at the end of the input.
    char* line() {
        for (;;) {
            char* begin = &buffer_[begin_];
            char* end = static_cast<char*>(memchr(begin, '\n', end_ - begin_));
            if (!end && done_ && begin_ < end_) end = &buffer_[end_++];  // the last line may lack its end
            if (end) {
                *end = 0;
                begin_ = end - &buffer_[0] + 1;
                number_++;
                return begin;
            }
            if (done_) return nullptr;
            memmove(&buffer_[0], begin, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
            if (buffer_.size() < end_ + kChunk + 1) buffer_.resize(2 * (end_ + kChunk));
            // read(), not fread(): an interactive driver writes a little and waits for its answer.
            ssize_t n = ::read(fileno(file_), &buffer_[end_], kChunk);
            if (n < 0) throw Failure{2, "cannot read the input"};
            done_ = n == 0;
            end_ += n;
        }
    }

    // Number of the line that line() gave last.
    uint64_t number() const { return number_; }

  private:
    static constexpr std::size_t kChunk = 1 << 16;
    FILE* file_;
    std::vector<char> buffer_ = std::vector<char>(2 * kChunk);
    std::size_t begin_ = 0, end_ = 0;
    uint64_t number_ = 0;
    bool done_ = false;
};

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

// Reads a hex field into `v`, and steps over it and a blank.
void read_hex(char*& at, const Port& port, Value& v) {
    char* begin = at;
    char* end = begin;
    while (digit(*end) >= 0) end++;
    if (end == begin || (*end && *end != ' ')) throw Failure{2, std::string(port.name) + ": no hex number"};
    at = *end ? end + 1 : end;
    for (auto& word : v) {
        char* from = end - begin > 16 ? end - 16 : begin;
        word = 0;
        for (char* c = from; c != end; c++) word = word << 4 | digit(*c);
        end = from;
    }
    bool fits = port.width % 64 == 0 || v.back() >> (port.width % 64) == 0;
    while (end != begin) fits &= *--end == '0';
    if (!fits) throw Failure{2, std::string(port.name) + ": wider than " + std::to_string(port.width) + " bits"};
}

void write_hex(std::string& out, const Value& v, unsigned width) {
    for (unsigned place = (width + 3) / 4 * 4; place != 0;) {
        place -= 4;
        out += "0123456789abcdef"[v[place / 64] >> (place % 64) & 15];
    }
}

uint64_t read_count(const char* text) {
    char* end = nullptr;
    uint64_t n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end) throw Failure{2, std::string("no count: ") + text};
    return n;
}

bool matches(const char* got, const char* expected) {
    for (; *got && *expected; got++, expected++) {
        if (*got != *expected && *expected != 'x') return false;
    }
    return *got == *expected;
}

// ---- The bench ----

// What registers and memories hold at first, and payload ports without a beat, is random: nothing may depend on it.
// Otherwise it is 0, as in an evaluation that has no unknowns.
#ifdef ZEROED
constexpr bool kRandom = false;
#else
constexpr bool kRandom = true;
#endif

struct Options {
    unsigned stall = 0;
    uint64_t seed = 1;
    const char* trace = nullptr;
    const char* expect = nullptr;
    const char* vectors = nullptr;
    bool cycles = false;
};

class Bench {
  public:
    explicit Bench(const Options& options) : options_(options), random_(options.seed * 2 + 1) {
        context_.randReset(kRandom ? 2 : 0);
        context_.randSeed(static_cast<int>(options.seed & 0x3fffffff) + 1);
        open_trace();
        dut_ = std::make_unique<Vdut>(&context_);
        begin_trace();
        for (auto& p : kSettings) p.set(*dut_, zero(p));
        for (auto& p : kInput) beat_.push_back(zero(p));
        for (auto& p : kOutput) seen_.push_back(zero(p));
        held_ = seen_;
        if (options.expect) expected_ = std::make_unique<Reader>(options.expect);
        withhold();
        reset(0);
    }

    // `due`: output beats that would come without the reset.
    void reset(uint64_t due) {
        if (!kClocked) return;
        if (received_ > due) throw wrong_count(due);
        for (; expected_ && received_ < due; received_++) expected_->line();
        received_ = 0;
        quiet_ = 0;
        set(kInValid, *dut_, false);
        set(kOutReady, *dut_, false);  // nothing drains: only the reset can empty the module
        set(kReset, *dut_, false);
        for (int i = 0; i < 2; i++) {
            fall();
            rise();
        }
        set(kReset, *dut_, true);
        waiting_ = false;
    }

    void setting(char* at) {
        char* value = strchr(at, ' ');
        if (!value) throw Failure{2, "= wants a name and a value"};
        std::string name(at, value++);
        for (auto& p : kSettings) {
            if (name != p.name) continue;
            Value v = zero(p);
            read_hex(value, p, v);
            if (*value) throw Failure{2, name + ": more than one value"};
            p.set(*dut_, v);
            return;
        }
        throw Failure{2, "no setting is called " + name};
    }

    void beat(char* at) {
        for (std::size_t i = 0; i < kInput.size(); i++) read_hex(at, kInput[i], beat_[i]);
        if (*at) throw Failure{2, "a beat has too many fields"};
        quiet_ = 0;
        // A module without a ready cannot say that it is not ready yet.
        while (!kInReady.get && cycles_ < next_) {
            withhold();
            cycle(false);
        }
        while (kClocked && stalls()) {
            withhold();
            cycle(false);
        }
        for (std::size_t i = 0; i < kInput.size(); i++) kInput[i].set(*dut_, beat_[i]);
        if (!kClocked) {
            eval();
            see();
            output();
            return;
        }
        // Once up, valid and the payload hold until the transfer.
        set(kInValid, *dut_, true);
        while (!cycle(true)) {}
        next_ = cycles_ + kInterval - 1;
        set(kInValid, *dut_, false);
    }

    void idle(uint64_t n) {
        withhold();
        for (uint64_t i = 0; kClocked && i < n; i++) {
            cycle(false);
            quiet_ = 0;  // nothing is waited for
        }
    }

    void flush(uint64_t n) {
        withhold();
        quiet_ = 0;
        while (kClocked && received_ < n) cycle(false);
        // A module that gives more than it should would do so now, when nothing holds it back.
        unsigned stall = std::exchange(options_.stall, 0);
        patient_ = false;
        idle(8);
        options_.stall = stall;
        if (received_ != n) throw wrong_count(n);
        received_ = 0;
        if (!expected_) out_ += ".\n";
        write_out();
    }

    // Exit status.
    int finish() {
        write_out();
        if (options_.cycles) {
            fprintf(stderr, "cycles %llu first %llu last %llu refused %llu\n", static_cast<unsigned long long>(cycles_),
                    static_cast<unsigned long long>(first_), static_cast<unsigned long long>(last_),
                    static_cast<unsigned long long>(refused_));
        }
        if (!expected_) return 0;
        while (char* line = expected_->line()) mismatch(nullptr, line);
        printf("%llu vectors, %llu mismatches\n", static_cast<unsigned long long>(compared_),
               static_cast<unsigned long long>(mismatches_));
        return mismatches_ || compared_ == 0 ? 1 : 0;
    }

    void write_out() {
        fwrite(out_.data(), 1, out_.size(), stdout);
        fflush(stdout);
        out_.clear();
    }

  private:
    static constexpr uint64_t kPatience = 100000;  // cycles

    static Value zero(const Port& p) { return Value((p.width + 63) / 64, 0); }
    std::string at_cycle() const { return "cycle " + std::to_string(cycles_) + ": "; }
    Failure wrong_count(uint64_t due) const {
        return {3, at_cycle() + std::to_string(received_) + " beats came, not " + std::to_string(due)};
    }

    uint64_t random() {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        return random_ * 0x2545f4914f6cdd1d;
    }
    bool stalls() { return options_.stall && (random() >> 32) % 100 < options_.stall; }

    // Offers no beat.
    void withhold() {
        set(kInValid, *dut_, false);
        for (std::size_t i = 0; kClocked && i < kInput.size(); i++) {
            for (auto& word : scratch_ = zero(kInput[i])) word = kRandom ? random() : 0;
            if (kInput[i].width % 64) scratch_.back() &= (uint64_t{1} << (kInput[i].width % 64)) - 1;
            kInput[i].set(*dut_, scratch_);
        }
    }

    // The inputs that were set since the rising edge change with the falling one: no module looks at it.
    void fall() {
        kClock.set(*dut_, false);
        eval();
    }
    void rise() {
        kClock.set(*dut_, true);
        eval();
        cycles_++;
    }

    // One clock cycle, seen just before the rising edge; true if an offered beat was accepted.
    bool cycle(bool offered) {
        // Now and then ready waits for valid; a module whose valid waits for ready hangs then.
        bool ready = !stalls() && (!patient_ || waiting_);
        set(kOutReady, *dut_, ready);
        fall();
        bool accepted = offered && (!kInReady.get || kInReady.get(*dut_));
        refused_ += began_ && offered && !accepted;
        if (accepted && !began_) {
            began_ = true;
            first_ = cycles_;
        }
        bool valid = kOutValid.get(*dut_);
        if (valid) see();
        if (waiting_ && !valid) throw Failure{3, at_cycle() + "protocol: valid fell before the transfer"};
        if (waiting_ && seen_ != held_) throw Failure{3, at_cycle() + "protocol: the payload changed before the transfer"};
        bool taken = valid && (ready || !kOutReady.set);
        waiting_ = valid && !taken;
        if (waiting_) held_ = seen_;
        if (taken) {
            last_ = cycles_;
            output();
            patient_ = options_.stall && random() >> 63;
        }
        quiet_ = accepted || taken ? 0 : quiet_ + 1;
        if (quiet_ > kPatience) throw Failure{3, at_cycle() + "no transfer for " + std::to_string(kPatience) + " cycles"};
        rise();
        return accepted;
    }

    void see() {
        for (std::size_t i = 0; i < kOutput.size(); i++) kOutput[i].get(*dut_, seen_[i]);
    }

    // An output beat has come.
    void output() {
        received_++;
        for (std::size_t i = 0; i < kOutput.size(); i++) {
            if (i) out_ += ' ';
            write_hex(out_, seen_[i], kOutput[i].width);
        }
        if (!expected_) {
            out_ += '\n';
            if (out_.size() > 1 << 16) write_out();
            return;
        }
        const char* expected = expected_->line();
        if (expected && matches(out_.c_str(), expected)) compared_++;
        else mismatch(out_.c_str(), expected);
        out_.clear();
    }

    // Null where there is none. A vector's number is that of its line, which resets do not change.
    void mismatch(const char* got, const char* expected) {
        uint64_t vector = expected ? expected_->number() - 1 : expected_->number();
        if (++mismatches_ <= 10) {
            fprintf(stderr, "vector %llu, cycle %llu: got %s, expected %s\n", static_cast<unsigned long long>(vector),
                    static_cast<unsigned long long>(cycles_), got ? got : "nothing", expected ? expected : "nothing");
        }
        compared_++;
    }

#if VM_TRACE
    void open_trace() { context_.traceEverOn(true); }
    void begin_trace() {
        if (!options_.trace) return;
        dut_->trace(&trace_, 99);
        trace_.open(options_.trace);
    }
    void eval() {
        dut_->eval();
        if (options_.trace) trace_.dump(context_.time());
        context_.timeInc(1);
    }
    VerilatedVcdC trace_;
#else
    void open_trace() {
        if (options_.trace) throw Failure{2, "--trace: Verilator was run without --trace"};
    }
    void begin_trace() {}
    void eval() { dut_->eval(); }
#endif

    Options options_;
    VerilatedContext context_;
    std::unique_ptr<Vdut> dut_;
    std::unique_ptr<Reader> expected_;
    std::vector<Value> beat_, seen_, held_;
    Value scratch_;
    std::string out_;
    bool waiting_ = false;  // an output beat was offered and not taken
    bool patient_ = false;
    bool began_ = false;  // an input beat was accepted
    uint64_t first_ = 0, last_ = 0, refused_ = 0;
    uint64_t next_ = 0;  // the earliest cycle for another input beat
    uint64_t random_, cycles_ = 0, quiet_ = 0, received_ = 0, compared_ = 0, mismatches_ = 0;
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
        if (name == "--cycles") {
            options.cycles = true;
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
