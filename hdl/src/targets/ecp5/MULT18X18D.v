// MULT18X18D: p = a * b in ECP5, as far as qrtl uses it: one clock, clock enable and reset.
//
// A model for simulation and lint; synthesis and placement have the cell itself. Written for qrtl after Lattice's
// description (FPGA-TN-02205); this file is yours, under any licence.

`default_nettype none

module MULT18X18D #(
    parameter REG_INPUTA_CLK   = "NONE", // "NONE": wires, "CLK0": registers
    parameter REG_INPUTB_CLK   = "NONE",
    parameter REG_PIPELINE_CLK = "NONE",
    parameter REG_OUTPUT_CLK   = "NONE"
) (
    input  wire CLK0, CE0, RST0,
    input  wire SIGNEDA, SIGNEDB, // the factor is two's complement
    input  wire SOURCEA, SOURCEB, // 0: the factor is A, B; 1, a shift chain, is not modelled
    input  wire A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15, A16, A17,
    input  wire B0, B1, B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13, B14, B15, B16, B17,
    output wire P0, P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P11, P12, P13, P14, P15, P16, P17,
    output wire P18, P19, P20, P21, P22, P23, P24, P25, P26, P27, P28, P29, P30, P31, P32, P33, P34, P35
);

    wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
    wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
    wire        shifted = SOURCEA | SOURCEB;

    reg [18:0] a_q, b_q;
    reg [35:0] pipeline_q, output_q;
    wire signed [18:0] factor_a = REG_INPUTA_CLK == "NONE" ? {SIGNEDA & a[17], a} : a_q;
    wire signed [18:0] factor_b = REG_INPUTB_CLK == "NONE" ? {SIGNEDB & b[17], b} : b_q;
    wire signed [37:0] product = {{19{factor_a[18]}}, factor_a} * {{19{factor_b[18]}}, factor_b};
    wire        [35:0] middle = REG_PIPELINE_CLK == "NONE" ? product[35:0] : pipeline_q;
    wire        [35:0] p = REG_OUTPUT_CLK == "NONE" ? middle : output_q;
    wire        [1:0]  unused_product = product[37:36];

    always @(posedge CLK0) begin
        if (RST0) begin
            a_q        <= 19'd0;
            b_q        <= 19'd0;
            pipeline_q <= 36'd0;
            output_q   <= 36'd0;
        end else if (CE0) begin
            a_q        <= {SIGNEDA & a[17], a};
            b_q        <= {SIGNEDB & b[17], b};
            pipeline_q <= product[35:0];
            output_q   <= middle;
        end
    end

`ifndef SYNTHESIS
    always @(posedge CLK0) begin
        if (shifted) begin
            $display("MULT18X18D: the shift chains of SOURCEA and SOURCEB are not modelled");
            $finish;
        end
    end
`endif

    assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18} = p[35:18];
    assign {P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} = p[17:0];

endmodule

`default_nettype wire
