// Five lanes of 27 bits in the opposite order, and their lowest bits.
module wide (input wire [134:0] x, output wire [134:0] y, output wire [64:0] low);
    assign y = {x[26:0], x[53:27], x[80:54], x[107:81], x[134:108]};
    assign low = x[64:0];
endmodule
