// Written by hand as the measure of `make qor`: plain Verilog, no cell instantiated. Ports as those of
// `gen emit requantizer`. TFLite's two steps as its reference has them, each in a stage of its own: shift left, multiply,
// SaturatingRoundingDoublingHighMul, RoundingDivideByPOT, zero point and clamp.
module requantizer_by_hand (
    input  wire               clk,
    input  wire               rst_n,
    input  wire               in_valid,
    output wire               in_ready,
    output wire               out_valid,
    input  wire               out_ready,
    input  wire signed [31:0] acc,
    input  wire        [30:0] multiplier,
    input  wire signed [5:0]  shift,
    input  wire signed [7:0]  zero_point,
    input  wire signed [7:0]  min,
    input  wire signed [7:0]  max,
    output reg  signed [7:0]  y
);
    reg [4:0] valid;
    wire advance = out_ready | ~valid[4];
    assign in_ready = advance;
    assign out_valid = valid[4];

    always @(posedge clk)
        if (!rst_n) valid <= 5'd0;
        else if (advance) valid <= {valid[3:0], in_valid};

    // 1: left shift
    reg signed [31:0] x1;
    reg        [30:0] m1;
    reg        [4:0]  right1, right2, right3;
    reg signed [7:0]  zero1, zero2, zero3, zero4;
    reg signed [7:0]  min1, min2, min3, min4;
    reg signed [7:0]  max1, max2, max3, max4;
    wire [4:0] left  = shift[5] ? 5'd0 : shift[4:0];
    wire [4:0] right = shift[5] ? -shift[4:0] : 5'd0;

    // 2: product
    reg signed [62:0] p2;

    // 3: doubling high half, rounded
    reg signed [31:0] h3;
    wire signed [62:0] nudged = p2 + 63'sd1073741824;
    wire [30:0] unused_nudged = nudged[30:0];

    // 4: division by a power of two, rounded, ties away from zero
    reg signed [31:0] d4;
    wire [31:0] mask      = (32'd1 << right3) - 32'd1;
    wire [31:0] remainder = h3 & mask;
    wire [31:0] threshold = (mask >> 1) + {31'd0, h3[31]};

    // 5: zero point and clamp
    wire signed [32:0] z = {d4[31], d4} + {{25{zero4[7]}}, zero4};

    always @(posedge clk)
        if (advance) begin
            x1 <= acc <<< left;
            m1 <= multiplier;
            right1 <= right; right2 <= right1; right3 <= right2;
            zero1 <= zero_point; zero2 <= zero1; zero3 <= zero2; zero4 <= zero3;
            min1 <= min; min2 <= min1; min3 <= min2; min4 <= min3;
            max1 <= max; max2 <= max1; max3 <= max2; max4 <= max3;
            p2 <= x1 * $signed({1'b0, m1});
            h3 <= nudged[62:31];
            d4 <= (h3 >>> right3) + $signed({31'd0, remainder > threshold});
            y  <= (z < $signed({{25{min4[7]}}, min4})) ? min4 : (z > $signed({{25{max4[7]}}, max4})) ? max4 : z[7:0];
        end
endmodule
