// The scoreboard: compares the beats of the output stream with the lines of a file, or prints them.
#pragma once

#include <cinttypes>

#include "module.h"
#include "text.h"

class Scoreboard {
  public:
    // `expected`: a file, or null to print.
    explicit Scoreboard(const char* expected) : expected_(expected ? std::make_unique<Reader>(expected) : nullptr) {}

    // An output beat has come.
    void beat(const std::vector<Value>& values, uint64_t cycle) {
        for (std::size_t i = 0; i < values.size(); i++) {
            if (i) out_ += ' ';
            write_hex(out_, values[i], kModule.output[i].width);
        }
        if (!expected_) {
            out_ += '\n';
            if (out_.size() > 1 << 16) write_out();
            return;
        }
        const char* expected = expected_->line();
        if (expected && matches(out_.c_str(), expected)) compared_++;
        else mismatch(out_.c_str(), expected, cycle);
        out_.clear();
    }

    // A beat that was expected is lost by a reset.
    void lost() {
        if (expected_) expected_->line();
    }

    // All beats that were waited for have come.
    void flushed() {
        if (!expected_) out_ += ".\n";
        write_out();
    }

    // Counts what has not come; gives the exit status.
    int finish(uint64_t cycle) {
        write_out();
        if (!expected_) return 0;
        while (char* line = expected_->line()) mismatch(nullptr, line, cycle);
        printf("%" PRIu64 " vectors, %" PRIu64 " mismatches\n", compared_, mismatches_);
        return mismatches_ || compared_ == 0 ? 1 : 0;
    }

    void write_out() {
        fwrite(out_.data(), 1, out_.size(), stdout);
        fflush(stdout);
        out_.clear();
    }

  private:
    static constexpr uint64_t kTold = 10;  // mismatches that are printed

    static bool matches(const char* got, const char* expected) {
        for (; *got && *expected; got++, expected++) {
            if (*got != *expected && *expected != 'x') return false;
        }
        return *got == *expected;
    }

    // Null where there is none. A vector is numbered as its line is, whatever resets come before.
    void mismatch(const char* got, const char* expected, uint64_t cycle) {
        uint64_t vector = expected ? expected_->number() - 1 : expected_->number();
        if (++mismatches_ <= kTold) {
            fprintf(stderr, "vector %" PRIu64 ", cycle %" PRIu64 ": got %s, expected %s\n", vector, cycle,
                    got ? got : "nothing", expected ? expected : "nothing");
        }
        compared_++;
    }

    std::unique_ptr<Reader> expected_;
    std::string out_;
    uint64_t compared_ = 0, mismatches_ = 0;
};
