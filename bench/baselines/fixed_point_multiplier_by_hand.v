// Written by hand as the measure of `make qor`: plain Verilog, no cell instantiated. Ports as those of
// `gen emit fixed_point_multiplier`.
module fixed_point_multiplier_by_hand (
    input  wire [31:0] a,
    input  wire [31:0] b,
    output wire [31:0] y
);
    wire [63:0] product = a * b;
    assign y = product[62:31];
    wire [31:0] unused_product = {product[63], product[30:0]};
endmodule
