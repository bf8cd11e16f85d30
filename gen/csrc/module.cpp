// The Verilated module, as module.h shows it to the bench. What differs between modules is in ports.h.

#include "module.h"

#include "Vdut.h"
#include "text.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

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

}  // namespace

#define QRTL_PORT(NAME, WIDTH)                                                 \
    {#NAME, WIDTH, [](Vdut& d, const Value& v) { put(d.NAME, v); },            \
     [](const Vdut& d, Value& v) { take(d.NAME, v); }}
#define QRTL_BIT(NAME) {[](Vdut& d, bool v) { d.NAME = v; }, [](const Vdut& d) { return d.NAME != 0; }}
#define QRTL_NO_BIT {nullptr, nullptr}

// Defines kModule.
#include "ports.h"

struct Simulation::Parts {
    VerilatedContext context;
    std::unique_ptr<Vdut> dut;
#if VM_TRACE
    VerilatedVcdC trace;
    bool traced = false;
#endif
};

Simulation::Simulation(uint64_t seed, bool zeroed, const char* trace) : parts_(std::make_unique<Parts>()) {
    VerilatedContext& context = parts_->context;
    context.randReset(zeroed ? 0 : 2);
    context.randSeed(static_cast<int>(seed & 0x3fffffff) + 1);
#if VM_TRACE
    context.traceEverOn(true);
#else
    if (trace) throw Failure{2, "--trace: Verilator was run without --trace"};
#endif
    parts_->dut = std::make_unique<Vdut>(&context);
#if VM_TRACE
    parts_->traced = trace;
    if (!trace) return;
    parts_->dut->trace(&parts_->trace, 99);
    parts_->trace.open(trace);
#endif
}

Simulation::~Simulation() = default;

Vdut& Simulation::dut() { return *parts_->dut; }

void Simulation::eval() {
    parts_->dut->eval();
#if VM_TRACE
    if (parts_->traced) parts_->trace.dump(parts_->context.time());
    parts_->context.timeInc(1);
#endif
}
