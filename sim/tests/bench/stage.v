// y = x + offset, one register. `fault` makes it err: 1 withdraws valid, 2 changes the payload while it waits, 3 loses
// the beats of value 5, 4 sends them twice, 5 lets valid wait for ready, 6 takes
// the payload of the cycle before.
module stage (input wire clk, input wire rst_n, input wire [2:0] fault, input wire [7:0] offset,
    input wire in_valid, output wire in_ready, input wire [7:0] x,
    output wire out_valid, input wire out_ready, output wire [7:0] y);
    reg full, waited, repeated;
    reg [7:0] held, earlier;
    wire repeats = fault == 3'd4 && held == 8'd5 && !repeated;
    assign in_ready = !full || (out_ready && !repeats);
    assign out_valid = full && !(fault == 3'd1 && waited) && !(fault == 3'd5 && !out_ready);
    assign y = held + {7'd0, fault == 3'd2 && waited};
    always @(posedge clk) begin
        if (!rst_n) full <= 1'b0;
        else if (in_ready) full <= in_valid && !(fault == 3'd3 && x == 8'd5);
        if (!rst_n) repeated <= 1'b0;
        else if (full && out_ready) repeated <= repeats;
        waited <= full && !out_ready;
        earlier <= x;
        if (in_valid && in_ready) held <= (fault == 3'd6 ? earlier : x) + offset;
    end
endmodule
