// Random numbers of the bench: stalls, and what payload ports hold without a beat.
#pragma once

#include <cstdint>

class Chance {
  public:
    // `stall`: percent of the cycles.
    Chance(uint64_t seed, unsigned stall) : state_(seed * 2 + 1), stall_(stall) {}

    // xorshift64*.
    uint64_t random() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_ * 0x2545f4914f6cdd1d;
    }

    // This cycle is one in which the asker does nothing.
    bool stalls() { return stall_ && (random() >> 32) % 100 < stall_; }

    bool ever_stalls() const { return stall_; }

    // Sets another percentage; gives the one before.
    unsigned stall(unsigned percent) {
        unsigned before = stall_;
        stall_ = percent;
        return before;
    }

  private:
    uint64_t state_;
    unsigned stall_;
};
