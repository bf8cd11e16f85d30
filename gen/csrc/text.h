// Lines, hex numbers and counts: the text that the bench reads and writes.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "module.h"

// Ends the run with an exit status; main() prints the text.
struct Failure {
    int status;
    std::string text;
};

// Lines of a file, or of standard input as they come.
class Reader {
  public:
    explicit Reader(const char* path) : file_(path ? fopen(path, "r") : nullptr) {
        if (path && !file_) throw Failure{2, std::string("cannot read ") + path};
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
            fill();
        }
    }

    // Number of the line that line() gave last.
    uint64_t number() const { return number_; }

  private:
    static constexpr std::size_t kChunk = 1 << 16;

    struct Close {
        void operator()(FILE* file) const { fclose(file); }
    };

    void fill() {
        memmove(&buffer_[0], &buffer_[begin_], end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        if (buffer_.size() < end_ + kChunk + 1) buffer_.resize(2 * (end_ + kChunk));
        // read(), not fread(): an interactive driver writes a little and waits for its answer.
        ssize_t n = ::read(fileno(file_ ? file_.get() : stdin), &buffer_[end_], kChunk);
        if (n < 0) throw Failure{2, "cannot read the input"};
        done_ = n == 0;
        end_ += n;
    }

    std::unique_ptr<FILE, Close> file_;  // null for standard input
    std::vector<char> buffer_ = std::vector<char>(2 * kChunk);
    std::size_t begin_ = 0, end_ = 0;
    uint64_t number_ = 0;
    bool done_ = false;
};

inline int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

// Reads a hex field into `v`, and steps over it and a blank.
inline void read_hex(char*& at, const Port& port, Value& v) {
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

inline void write_hex(std::string& out, const Value& v, unsigned width) {
    for (unsigned place = (width + 3) / 4 * 4; place != 0;) {
        place -= 4;
        out += "0123456789abcdef"[v[place / 64] >> (place % 64) & 15];
    }
}

inline uint64_t read_count(const char* text) {
    char* end = nullptr;
    uint64_t n = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end) throw Failure{2, std::string("no count: ") + text};
    return n;
}
