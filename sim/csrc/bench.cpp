// One bench for every module that qrtl emits. What differs between modules is in ports.h.
//
// Commands, one a line; values are lower-case hex at the port's width, separated by one blank:
//   = NAME VALUE   set an input that is in no stream, once every earlier beat has been accepted
//   > F F F        one beat of the input stream, fields in the order of ports.h
//   c N            N clock cycles without a new beat
//   r              reset for two cycles
//   f N            run until N output beats have come since the last f; then print "." and flush
//   q              quit
// Every output beat is a line of fields. Inputs change after the falling edge; transfers are seen just before the rising
// edge. Exit status: 0; 1 mismatch or no vectors (with --expect); 2 bad input; 3 the module broke the protocol or hangs.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "Vdut.h"
#include "verilated.h"
#ifdef TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

// A value of any width, 64 bits a word, low word first.
using Value = std::vector<uint64_t>;

struct Port {
    const char* name;
    int width;
    void (*set)(Vdut&, const Value&);
    void (*get)(Vdut&, Value&);
};

template <typename T>
void put(T& port, const Value& v) {
    port = static_cast<T>(v[0]);
}
template <std::size_t N>
void put(VlWide<N>& port, const Value& v) {
    for (std::size_t i = 0; i < N; i++) port[i] = static_cast<uint32_t>(v[i / 2] >> (32 * (i % 2)));
}
template <typename T>
void take(const T& port, Value& v) {
    v[0] = static_cast<uint64_t>(port);
}
template <std::size_t N>
void take(const VlWide<N>& port, Value& v) {
    for (auto& word : v) word = 0;
    for (std::size_t i = 0; i < N; i++) v[i / 2] |= static_cast<uint64_t>(port[i]) << (32 * (i % 2));
}

#define QRTL_PORT(NAME, WIDTH)                                                 \
    {#NAME, WIDTH, [](Vdut& d, const Value& v) { put(d.NAME, v); },            \
     [](Vdut& d, Value& v) { take(d.NAME, v); }}

#include "ports.h"

[[noreturn]] void die(int status, const std::string& text) {
    fflush(stdout);
    fprintf(stderr, "error: %s\n", text.c_str());
    fflush(stderr);
    _Exit(status);
}

FILE* open(const char* path) {
    FILE* file = fopen(path, "r");
    if (!file) die(2, std::string("cannot read ") + path);
    return file;
}

Value zero(int width) { return Value((width + 63) / 64, 0); }

// Commands, from a file or from standard input as they come.
class Reader {
  public:
    explicit Reader(FILE* file) : file_(file) {}

    // The next line without its end; false at the end of input.
    bool line(char*& text) {
        for (;;) {
            char* end = static_cast<char*>(memchr(buffer_.data() + begin_, '\n', end_ - begin_));
            if (end) {
                *end = 0;
                text = buffer_.data() + begin_;
                begin_ = end - buffer_.data() + 1;
                return true;
            }
            memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
            if (end_ + kChunk > buffer_.size()) buffer_.resize(end_ + 2 * kChunk);
            // read(), not fread(): an interactive driver waits for its answer.
            ssize_t n = ::read(fileno(file_), buffer_.data() + end_, kChunk);
            if (n <= 0) return false;
            end_ += n;
        }
    }

  private:
    static constexpr std::size_t kChunk = 1 << 16;
    FILE* file_;
    std::vector<char> buffer_ = std::vector<char>(2 * kChunk);
    std::size_t begin_ = 0, end_ = 0;
};

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

// Reads a hex field into `v` and steps over it and one blank.
void field(char*& at, const Port& port, Value& v) {
    char* begin = at;
    while (digit(*at) >= 0) at++;
    if (at == begin || (*at && *at != ' ')) die(2, std::string("a value of ") + port.name + " is no hex number");
    for (auto& word : v) word = 0;
    int place = 0;
    for (char* c = at; c != begin; place += 4) {
        uint64_t d = digit(*--c);
        if (place >= 64 * static_cast<int>(v.size()) && d) die(2, std::string("a value of ") + port.name + " is too wide");
        if (d) v[place / 64] |= d << (place % 64);
    }
    int top = port.width % 64;
    if (top && v.back() >> top) die(2, std::string("a value of ") + port.name + " is too wide");
    if (*at == ' ') at++;
}

void print_hex(std::string& out, const Value& v, int width) {
    static const char kDigits[] = "0123456789abcdef";
    for (int place = (width + 3) / 4 * 4 - 4; place >= 0; place -= 4) out += kDigits[v[place / 64] >> (place % 64) & 15];
}

// `x` in the expected line stands for a digit that does not matter.
bool matches(const char* got, const char* expected) {
    for (; *got && *expected; got++, expected++) {
        if (*got != *expected && *expected != 'x') return false;
    }
    return *got == *expected;
}

struct Options {
    int stall = 0;
    uint64_t seed = 1;
    const char* trace = nullptr;
    const char* expect = nullptr;
    const char* vectors = nullptr;
    bool cycles = false;
};

class Bench {
  public:
    explicit Bench(const Options& options) : options_(options), random_(options.seed * 2 + 1) {
        context_.randReset(2);
        context_.randSeed(static_cast<int>(options.seed & 0x7fffffff) | 1);
#ifdef TRACE
        context_.traceEverOn(true);
#endif
        dut_ = std::make_unique<Vdut>(&context_);
#ifdef TRACE
        if (options.trace) {
            dut_->trace(&trace_, 99);
            trace_.open(options.trace);
        }
#endif
        for (auto& p : kSettings) assign(p, zero(p.width));
        for (auto& p : kInput) assign(p, zero(p.width));
        for (auto& p : kOutput) {
            seen_.push_back(zero(p.width));
            held_.push_back(zero(p.width));
        }
        for (auto& p : kInput) beat_.push_back(zero(p.width));
        if (options.expect) expected_ = Reader(open(options.expect));
        reset();
    }

    void reset() {
        if (!kClocked) return;
        set_valid(0);
        set_reset(0);
        for (int i = 0; i < 2; i++) edge();
        set_reset(1);
        waiting_ = false;
    }

    void setting(const std::string& name, char* at) {
        for (auto& p : kSettings) {
            if (name == p.name) {
                Value v = zero(p.width);
                field(at, p, v);
                assign(p, v);
                return;
            }
        }
        die(2, "no setting is called " + name);
    }

    void beat(char* at) {
        for (std::size_t i = 0; i < kInput.size(); i++) {
            field(at, kInput[i], beat_[i]);
            assign(kInput[i], beat_[i]);
        }
        if (*at) die(2, "a beat has too many fields");
        if (!kClocked) {
            eval();
            for (std::size_t i = 0; i < kOutput.size(); i++) kOutput[i].get(*dut_, seen_[i]);
            output();
            return;
        }
        for (quiet_ = 0;;) {
            bool offer = !stalls();
            set_valid(offer);
            if (cycle(offer)) break;
        }
        set_valid(0);
    }

    void idle(uint64_t n) {
        set_valid(0);
        for (uint64_t i = 0; kClocked && i < n; i++) cycle(false);
    }

    void flush(uint64_t n) {
        set_valid(0);
        quiet_ = 0;
        while (kClocked && received_ < n) cycle(false);
        // A module that gives more than it should would do so now.
        for (int i = 0; kClocked && i < 8; i++) cycle(false);
        if (received_ != n) die(3, "cycle " + std::to_string(cycles_) + ": " + std::to_string(received_) + " beats came instead of " + std::to_string(n));
        received_ = 0;
        if (!options_.expect) {
            out_ += ".\n";
            write_out();
        }
        fflush(stdout);
    }

    int finish() {
        write_out();
        dut_->final();
#ifdef TRACE
        if (options_.trace) trace_.close();
#endif
        if (options_.cycles) fprintf(stderr, "cycles %llu\n", static_cast<unsigned long long>(cycles_));
        if (!options_.expect) return 0;
        char* more = nullptr;
        bool left = expected_.line(more);
        if (left) fprintf(stderr, "error: %s holds more vectors than came\n", options_.expect);
        printf("%llu vectors, %llu mismatches\n", static_cast<unsigned long long>(index_), static_cast<unsigned long long>(mismatches_));
        return left || mismatches_ || index_ == 0 ? 1 : 0;
    }

  private:
    void assign(const Port& p, const Value& v) { p.set(*dut_, v); }
    void set_valid(int v) { if (kInValid.set) kInValid.set(*dut_, Value{static_cast<uint64_t>(v)}); }
    void set_ready(int v) { if (kOutReady.set) kOutReady.set(*dut_, Value{static_cast<uint64_t>(v)}); }
    void set_reset(int v) { if (kReset.set) kReset.set(*dut_, Value{static_cast<uint64_t>(v)}); }
    static int bit(const Port& p, Vdut& d) {
        Value v(1);
        p.get(d, v);
        return static_cast<int>(v[0]);
    }

    bool stalls() {
        if (!options_.stall) return false;
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        return static_cast<int>((random_ >> 33) % 100) < options_.stall;
    }

    void eval() {
        dut_->eval();
#ifdef TRACE
        if (options_.trace) trace_.dump(context_.time());
#endif
        context_.timeInc(1);
    }

    void edge() {
        kClock.set(*dut_, Value{1});
        eval();
        kClock.set(*dut_, Value{0});
        eval();
        cycles_++;
    }

    // One clock cycle; true if an offered beat was accepted.
    bool cycle(bool offered) {
        bool ready = !stalls();
        set_ready(ready);
        eval();
        bool accepted = offered && (!kInReady.get || bit(kInReady, *dut_));
        bool valid = bit(kOutValid, *dut_);
        if (valid) {
            for (std::size_t i = 0; i < kOutput.size(); i++) kOutput[i].get(*dut_, seen_[i]);
        }
        if (waiting_) {
            if (!valid) die(3, "protocol, cycle " + std::to_string(cycles_) + ": valid fell before the transfer");
            if (seen_ != held_) die(3, "protocol, cycle " + std::to_string(cycles_) + ": the payload changed before the transfer");
        }
        bool taken = valid && (ready || !kOutReady.set);
        waiting_ = valid && !taken;
        if (waiting_) held_ = seen_;
        if (taken) output();
        quiet_ = accepted || taken ? 0 : quiet_ + 1;
        if (quiet_ > 100000) die(3, "cycle " + std::to_string(cycles_) + ": no transfer for 100000 cycles");
        edge();
        return accepted;
    }

    void output() {
        received_++;
        std::size_t begin = out_.size();
        for (std::size_t i = 0; i < kOutput.size(); i++) {
            if (i) out_ += ' ';
            print_hex(out_, seen_[i], kOutput[i].width);
        }
        if (options_.expect) {
            char* expected = nullptr;
            bool more = expected_.line(expected);
            if (!more || !matches(out_.c_str(), expected)) {
                if (++mismatches_ <= 10) fprintf(stderr, "vector %llu, cycle %llu: got %s, expected %s\n", static_cast<unsigned long long>(index_), static_cast<unsigned long long>(cycles_), out_.c_str(), more ? expected : "nothing");
            }
            index_++;
            out_.resize(begin);
            return;
        }
        out_ += '\n';
        if (out_.size() > 1 << 16) write_out();
    }

    void write_out() {
        fwrite(out_.data(), 1, out_.size(), stdout);
        out_.clear();
    }

    Options options_;
    VerilatedContext context_;
    std::unique_ptr<Vdut> dut_;
#ifdef TRACE
    VerilatedVcdC trace_;
#endif
    std::vector<Value> beat_, seen_, held_;
    bool waiting_ = false;
    uint64_t random_, cycles_ = 0, quiet_ = 0, received_ = 0, index_ = 0, mismatches_ = 0;
    std::string out_;
    Reader expected_{nullptr};
};

int run(const Options& options) {
    Reader reader(options.vectors ? open(options.vectors) : stdin);
    Bench bench(options);
    char* line = nullptr;
    while (reader.line(line)) {
        char* at = line + (line[0] && line[1] ? 2 : 1);
        switch (line[0]) {
            case '>': bench.beat(at); break;
            case '=': {
                char* blank = strchr(at, ' ');
                if (!blank) die(2, "= wants a name and a value");
                bench.setting(std::string(at, blank), blank + 1);
                break;
            }
            case 'c': bench.idle(strtoull(at, nullptr, 10)); break;
            case 'f': bench.flush(strtoull(at, nullptr, 10)); break;
            case 'r': bench.reset(); break;
            case 'q': return bench.finish();
            default: die(2, std::string("unknown command: ") + line);
        }
    }
    return bench.finish();
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; i++) {
        std::string name = argv[i];
        auto value = [&] { return ++i < argc ? argv[i] : (die(2, name + " wants a value"), nullptr); };
        if (name == "--stall") options.stall = atoi(value());
        else if (name == "--seed") options.seed = strtoull(value(), nullptr, 10);
        else if (name == "--trace") options.trace = value();
        else if (name == "--expect") options.expect = value();
        else if (name == "--vectors") options.vectors = value();
        else if (name == "--cycles") options.cycles = true;
        else die(2, "unknown option " + name);
    }
    return run(options);
}
