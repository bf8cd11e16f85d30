// Written by hand as the measure of `make qor`: plain Verilog, no cell instantiated. Ports as those of
// `gen emit fixed_point_multiplier`.
module fixed_point_multiplier_by_hand (
    input  wire [31:0] a,
    input  wire [31:0] b,
    output wire [31:0] y
);
    /* verilator lint_off UNUSED */
    wire [63:0] product = a * b;
    /* verilator lint_on UNUSED */
    assign y = product[62:31];
endmodule
