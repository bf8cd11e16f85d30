// Written by hand as the measure of `make qor`: plain Verilog, no cell instantiated. Ports as those of
// `gen emit saturator --run-time-bounds`.
module saturator_ports_by_hand (
    input  wire signed [31:0] x,
    input  wire signed [7:0]  min,
    input  wire signed [7:0]  max,
    output wire signed [7:0]  y
);
    wire signed [31:0] low  = {{24{min[7]}}, min};
    wire signed [31:0] high = {{24{max[7]}}, max};
    assign y = (x < low) ? min : (x > high) ? max : x[7:0];
endmodule
