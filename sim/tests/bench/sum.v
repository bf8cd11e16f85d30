// Signed 5-bit sum, without a clock; `carry` is a setting.
module sum (input wire carry, input wire [3:0] a, input wire [3:0] b, output wire [4:0] y);
    assign y = {a[3], a} + {b[3], b} + {4'd0, carry};
endmodule
