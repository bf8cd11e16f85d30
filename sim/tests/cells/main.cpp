// Clocks a comparer of cells, and prints how many vectors it compared and which of its forms differ.
#include <cstdio>
#include <cstdlib>
#include "Vdut.h"
int main(int, char** arguments) {
    Vdut dut;
    const long clocks = atol(arguments[1]) + 17;
    for (long i = 0; i < clocks; i++) {
        dut.rst = i == 0;
        dut.clk = 0;
        dut.eval();
        dut.clk = 1;
        dut.eval();
    }
    printf("%u vectors, differing forms %llx\n", dut.vectors, (unsigned long long)dut.differs);
}
