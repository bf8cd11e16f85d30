// SB_SPRAM256KA: a memory of iCE40 UltraPlus with one port, as far as qrtl uses it: whole words are written, and the memory is
// always awake.
//
// A model for simulation and lint; synthesis and placement have the cell itself. Written for qrtl after Lattice's
// description (FPGA-TN-02022); this file is yours, under any licence.

`default_nettype none

module SB_SPRAM256KA (
    input  wire        CLOCK, CHIPSELECT, WREN, STANDBY, SLEEP, POWEROFF,
    input  wire [13:0] ADDRESS,
    input  wire [15:0] DATAIN,
    input  wire [3:0]  MASKWREN,
    output reg  [15:0] DATAOUT
);

    // What is not modelled: writing of single nibbles, sleep.
    wire other = STANDBY || SLEEP || !POWEROFF || MASKWREN != 4'd15;

    reg [15:0] words [0:16383];

    always @(posedge CLOCK) begin
        if (CHIPSELECT) begin
            if (WREN) words[ADDRESS] <= DATAIN;
            // A write leaves the output undefined.
            DATAOUT <= WREN ? 16'bx : words[ADDRESS];
        end
    end

`ifndef SYNTHESIS
    always @(posedge CLOCK) begin
        if (other) begin
            $display("SB_SPRAM256KA: used in a way that is not modelled");
            $finish;
        end
    end
`endif

endmodule

`default_nettype wire
