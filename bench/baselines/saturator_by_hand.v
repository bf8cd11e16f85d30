// Written by hand as the measure of `make qor`: plain Verilog, no cell instantiated. Ports as those of `gen emit saturator`.
module saturator_by_hand (
    input  wire signed [31:0] x,
    output wire        [7:0]  y
);
    assign y = (x < 0) ? 8'd0 : (x > 255) ? 8'd255 : x[7:0];
endmodule
