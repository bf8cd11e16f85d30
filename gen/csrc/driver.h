// The driver: puts beats, and what is no beat, on the input stream of the module.
#pragma once

#include "chance.h"
#include "module.h"
#include "text.h"

class Driver {
  public:
    // `noise`: payload ports hold random bits where there is no beat, since nothing may depend on them; otherwise 0.
    Driver(Vdut& dut, Chance& chance, bool noise)
        : dut_(dut), chance_(chance), noise_(noise), beat_(zeros(kModule.input)), idle_(beat_) {
        for (auto& port : kModule.settings) port.set(dut, port.zero());
    }

    // Sets an input that is in no stream: a name and a value.
    void setting(char* at) {
        char* value = strchr(at, ' ');
        if (!value) throw Failure{2, "= wants a name and a value"};
        std::string name(at, value++);
        for (auto& port : kModule.settings) {
            if (name != port.name) continue;
            Value v = port.zero();
            read_hex(value, port, v);
            if (*value) throw Failure{2, name + ": more than one value"};
            port.set(dut_, v);
            return;
        }
        throw Failure{2, "no setting is called " + name};
    }

    // Reads the fields of the beat that offer() is to put on the ports.
    void read(char* at) {
        for (std::size_t i = 0; i < beat_.size(); i++) read_hex(at, kModule.input[i], beat_[i]);
        if (*at) throw Failure{2, "a beat has too many fields"};
    }

    // A beat may be offered at a cycle. A module without a ready cannot say that it is not ready yet.
    bool may_offer(uint64_t cycle) const { return kModule.in_ready.get || cycle >= next_; }

    // Once up, valid and the payload hold until the transfer.
    void offer() {
        for (std::size_t i = 0; i < beat_.size(); i++) kModule.input[i].set(dut_, beat_[i]);
        kModule.in_valid.drive(dut_, true);
        offered_ = true;
    }

    // After the transfer, at the cycle that follows it.
    void transferred(uint64_t cycle) {
        next_ = cycle + kModule.interval - 1;
        kModule.in_valid.drive(dut_, false);
        offered_ = false;
    }

    // Offers no beat.
    void withhold() {
        kModule.in_valid.drive(dut_, false);
        offered_ = false;
        for (std::size_t i = 0; kModule.clocked && i < idle_.size(); i++) {
            const Port& port = kModule.input[i];
            for (auto& word : idle_[i]) word = noise_ ? chance_.random() : 0;
            if (port.width % 64) idle_[i].back() &= (uint64_t{1} << (port.width % 64)) - 1;
            port.set(dut_, idle_[i]);
        }
    }

    // Looked at just before the rising edge: a beat is offered, and the module takes it.
    bool accepted() const { return offered_ && (!kModule.in_ready.get || kModule.in_ready.get(dut_)); }
    bool refused() const { return offered_ && !accepted(); }

  private:
    Vdut& dut_;
    Chance& chance_;
    bool noise_;
    bool offered_ = false;
    uint64_t next_ = 0;  // the earliest cycle for another beat
    std::vector<Value> beat_, idle_;
};
