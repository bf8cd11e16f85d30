// SB_MAC16: {CO, O} = A * B + {C, D} + CI in iCE40 UltraPlus, as far as qrtl uses it: one product of 16 x 16 bits, or
// (MODE_8x8) one of the upper halves of A and B, added to C, and one of the lower halves, added to D.
//
// A model for simulation and lint; synthesis and placement have the cell itself. Written for qrtl after Lattice's
// description (FPGA-TN-02007, and the iCE technology library); this file is yours, under any licence.

`default_nettype none

module SB_MAC16 #(
    parameter [0:0] A_REG = 1'b0, // 0: wires, 1: registers
    parameter [0:0] B_REG = 1'b0,
    parameter [0:0] C_REG = 1'b0,
    parameter [0:0] D_REG = 1'b0,
    parameter [0:0] TOP_8x8_MULT_REG = 1'b0, // these two, and the next of 16 x 16 bits, together: in the middle
    parameter [0:0] BOT_8x8_MULT_REG = 1'b0,
    parameter [0:0] PIPELINE_16x16_MULT_REG1 = 1'b0,
    parameter [0:0] PIPELINE_16x16_MULT_REG2 = 1'b0, // between product and adder
    parameter [1:0] TOPOUTPUT_SELECT = 2'd0,         // 0: the sum, its upper half; 1: the same through registers
    parameter [1:0] BOTOUTPUT_SELECT = 2'd0,
    parameter [1:0] TOPADDSUB_LOWERINPUT = 2'd0, // 2: the product, 1: those of 8 x 8 bits
    parameter [1:0] BOTADDSUB_LOWERINPUT = 2'd0,
    parameter [0:0] TOPADDSUB_UPPERINPUT = 1'b0, // 1: C, D
    parameter [0:0] BOTADDSUB_UPPERINPUT = 1'b0,
    parameter [1:0] TOPADDSUB_CARRYSELECT = 2'd0, // 2: from the lower half, 0: no carry
    parameter [1:0] BOTADDSUB_CARRYSELECT = 2'd0, // 0: no carry, 3: CI
    parameter [0:0] MODE_8x8 = 1'b0,
    parameter [0:0] A_SIGNED = 1'b0, // the factor is two's complement
    parameter [0:0] B_SIGNED = 1'b0
) (
    input  wire        CLK, CE,
    input  wire [15:0] A, B, C, D,
    input  wire        AHOLD, BHOLD, CHOLD, DHOLD, OHOLDTOP, OHOLDBOT,
    input  wire        IRSTTOP, IRSTBOT, ORSTTOP, ORSTBOT,
    input  wire        OLOADTOP, OLOADBOT, ADDSUBTOP, ADDSUBBOT,
    input  wire        CI,
    output wire [31:0] O,
    output wire        CO
);

    localparam [0:0] MIDDLE = TOP_8x8_MULT_REG;
    localparam [1:0] ADDED = MODE_8x8 ? 2'd1 : 2'd2;
    localparam [0:0] MODELLED = TOPADDSUB_LOWERINPUT == ADDED && BOTADDSUB_LOWERINPUT == ADDED && TOPADDSUB_UPPERINPUT
        && BOTADDSUB_UPPERINPUT && TOPADDSUB_CARRYSELECT == {!MODE_8x8, 1'b0}
        && BOTADDSUB_CARRYSELECT[1] == BOTADDSUB_CARRYSELECT[0] && !TOPOUTPUT_SELECT[1] && !BOTOUTPUT_SELECT[1]
        && BOT_8x8_MULT_REG == MIDDLE && PIPELINE_16x16_MULT_REG1 == (MIDDLE & !MODE_8x8)
        && !(PIPELINE_16x16_MULT_REG2 & MODE_8x8);
    wire controlled = AHOLD | BHOLD | CHOLD | DHOLD | OHOLDTOP | OHOLDBOT | IRSTTOP | IRSTBOT | ORSTTOP | ORSTBOT
        | OLOADTOP | OLOADBOT | ADDSUBTOP | ADDSUBBOT;

    reg [15:0] a_q, b_q, c_q, d_q;
    reg [31:0] middle_q, product_q, sum_q;
    wire [15:0] a = A_REG ? a_q : A;
    wire [15:0] b = B_REG ? b_q : B;
    wire [31:0] addend = {C_REG ? c_q : C, D_REG ? d_q : D};
    wire [31:0] a_wide = {{16{A_SIGNED & a[15]}}, a};
    wire [31:0] b_wide = {{16{B_SIGNED & b[15]}}, b};
    wire [15:0] a_high = {{8{A_SIGNED & a[15]}}, a[15:8]};
    wire [15:0] b_high = {{8{B_SIGNED & b[15]}}, b[15:8]};
    wire [15:0] a_low = {{8{A_SIGNED & a[7]}}, a[7:0]};
    wire [15:0] b_low = {{8{B_SIGNED & b[7]}}, b[7:0]};
    wire [31:0] multiplied = MODE_8x8 ? {a_high * b_high, a_low * b_low} : a_wide * b_wide;
    wire [31:0] middle = MIDDLE ? middle_q : multiplied;
    wire [31:0] product = PIPELINE_16x16_MULT_REG2 ? product_q : middle;
    wire        carry = BOTADDSUB_CARRYSELECT[0] & CI;
    wire [16:0] low = {1'b0, product[15:0]} + {1'b0, addend[15:0]} + {16'd0, carry};
    wire [16:0] high = {1'b0, product[31:16]} + {1'b0, addend[31:16]} + {16'd0, low[16] & !MODE_8x8};
    wire [32:0] sum = {high, low[15:0]};

    always @(posedge CLK) begin
        if (CE) begin
            a_q       <= A;
            b_q       <= B;
            c_q       <= C;
            d_q       <= D;
            middle_q  <= multiplied;
            product_q <= middle;
            sum_q     <= sum[31:0];
        end
    end

`ifndef SYNTHESIS
    always @(posedge CLK) begin
        if (controlled || !MODELLED) begin
            $display("SB_MAC16: only A * B + {C, D} + CI of 16 x 16 bits or twice 8 x 8, without holds and resets, is modelled");
            $finish;
        end
    end
`endif

    assign O[31:16] = TOPOUTPUT_SELECT[0] ? sum_q[31:16] : sum[31:16];
    assign O[15:0] = BOTOUTPUT_SELECT[0] ? sum_q[15:0] : sum[15:0];
    assign CO = sum[32];

endmodule

`default_nettype wire
