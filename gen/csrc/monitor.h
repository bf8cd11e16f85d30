// The monitor: watches the output stream, holds it back now and then, and stops the run if the module breaks the protocol.
#pragma once

#include "chance.h"
#include "module.h"
#include "scoreboard.h"
#include "text.h"

class Monitor {
  public:
    Monitor(Vdut& dut, Chance& chance, Scoreboard& scoreboard)
        : dut_(dut), chance_(chance), scoreboard_(scoreboard), seen_(zeros(kModule.output)), held_(seen_) {}

    // Output beats that have come since the last call of restart().
    uint64_t received() const { return received_; }
    void restart() { received_ = 0; }

    // A beat that waits is lost by a reset, during which nothing is taken.
    void reset() { waiting_ = false; }
    void block() { kModule.out_ready.drive(dut_, false); }

    // Takes every beat as it comes, or ready may wait for valid again.
    void hurry() {
        patient_ = false;
        pause_ = 0;
    }

    // Decides on ready for this cycle. Now and then ready waits for valid; a module whose valid waits for ready hangs then.
    // Less often it waits for so long that everything in the module comes to a stop.
    void prepare() {
        ready_ = !chance_.stalls() && (!patient_ || waiting_) && !pause_;
        if (pause_) pause_--;
        kModule.out_ready.drive(dut_, ready_);
    }

    // Looks at the outputs just before the rising edge; true if a beat was taken.
    bool watch(uint64_t cycle) {
        bool valid = kModule.out_valid.get(dut_);
        if (valid) see();
        if (waiting_ && !valid) throw protocol(cycle, "valid fell before the transfer");
        if (waiting_ && seen_ != held_) throw protocol(cycle, "the payload changed before the transfer");
        bool taken = valid && (ready_ || !kModule.out_ready.set);
        waiting_ = valid && !taken;
        if (waiting_) held_ = seen_;
        if (taken) {
            take(cycle);
            patient_ = chance_.ever_stalls() && chance_.random() >> 63;
            if (chance_.ever_stalls() && !(chance_.random() >> 58)) pause_ = chance_.random() >> 58;
        }
        return taken;
    }

    // The answer of a module without a clock.
    void answer(uint64_t cycle) {
        see();
        take(cycle);
    }

  private:
    static Failure protocol(uint64_t cycle, const char* words) {
        return {3, "cycle " + std::to_string(cycle) + ": protocol: " + words};
    }

    void see() {
        for (std::size_t i = 0; i < seen_.size(); i++) kModule.output[i].get(dut_, seen_[i]);
    }

    void take(uint64_t cycle) {
        received_++;
        scoreboard_.beat(seen_, cycle);
    }

    Vdut& dut_;
    Chance& chance_;
    Scoreboard& scoreboard_;
    std::vector<Value> seen_, held_;
    bool ready_ = false;
    bool waiting_ = false;  // a beat was offered and not taken
    bool patient_ = false;
    unsigned pause_ = 0;  // cycles without ready
    uint64_t received_ = 0;
};
