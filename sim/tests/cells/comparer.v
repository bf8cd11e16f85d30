module comparer (input wire clk, input wire rst, output reg [31:0] vectors, output reg [63:0] differs);
    reg [63:0] x, y;
    reg [4:0] warm;
    wire [63:0] x1 = x ^ (x << 13);
    wire [63:0] x2 = x1 ^ (x1 >> 7);
    wire [63:0] y1 = y ^ (y << 17);
    wire [63:0] y2 = y1 ^ (y1 >> 11);
    wire enable = x[63:62] != 2'd0;
    wire [17:0] a = x[60:58] == 3'd0 ? {x[0], {17{x[1]}}} : x[17:0];
    wire [17:0] b = x[57:55] == 3'd0 ? {x[20], {17{x[21]}}} : x[37:20];
    wire [31:0] addend = y[62:60] == 3'd0 ? {y[0], {31{y[1]}}} : y[31:0];
    wire carry = y[40];
    wire [63:0] now;
    wire unused = &{1'b0, x, y, a, b, addend, carry};
DECLARED
    always @(posedge clk) begin
        x <= rst ? 64'h9e3779b97f4a7c15 : x2 ^ (x2 << 17);
        y <= rst ? 64'hd1b54a32d192ed03 : y2 ^ (y2 << 23);
        warm <= rst ? 5'd0 : warm + {4'd0, ~warm[4]};
        vectors <= rst ? 32'd0 : vectors + {31'd0, warm[4]};
        differs <= rst ? 64'd0 : differs | (warm[4] ? now : 64'd0);
        if (enable) begin
CLOCKED
        end
    end
endmodule
