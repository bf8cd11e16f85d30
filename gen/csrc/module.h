// What the bench sees of a module, whatever the module is: its ports by name, and its evaluation. module.cpp tells it of one
// Verilated module, so that the rest of the bench is compiled without any.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

class Vdut;

// A value of any width, 64 bits a word, low word first.
using Value = std::vector<uint64_t>;

struct Port {
    const char* name;
    unsigned width;
    void (*set)(Vdut&, const Value&);
    void (*get)(const Vdut&, Value&);

    Value zero() const { return Value((width + 63) / 64, 0); }
};

inline std::vector<Value> zeros(const std::vector<Port>& ports) {
    std::vector<Value> values;
    for (auto& port : ports) values.push_back(port.zero());
    return values;
}

// A port of one bit that the bench itself drives or watches; both are null where the module has none.
struct Bit {
    void (*set)(Vdut&, bool);
    bool (*get)(const Vdut&);

    void drive(Vdut& dut, bool v) const {
        if (set) set(dut, v);
    }
};

// Ports of the module. `interval` is the least number of cycles between two beats of its input; `patience`, the greatest
// number of cycles without a transfer while there is work.
struct Module {
    bool clocked;
    unsigned interval;
    unsigned patience;
    Bit clock, reset, in_valid, in_ready, out_valid, out_ready;
    std::vector<Port> settings, input, output;
};

extern const Module kModule;

// The Verilated module and its time.
class Simulation {
  public:
    // `seed`: of what registers and memories hold at first, which is 0 if `zeroed` is set. `trace`: a file, or null.
    Simulation(uint64_t seed, bool zeroed, const char* trace);
    ~Simulation();

    Vdut& dut();

    // Lets the outputs follow the inputs.
    void eval();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};
