// Written by hand as the measure of `make qor`: plain Verilog, no cell instantiated. Ports as those of `gen emit gemm`.
// Operands, products and sums have a register each; a complete tile moves aside and leaves row by row through four
// requantizers (requantizer_by_hand.v), so that the next tile is computed meanwhile.
module gemm_4x4_by_hand (
    input  wire               clk,
    input  wire               rst_n,
    input  wire        [12:0] m,
    input  wire        [8:0]  n,
    input  wire        [10:0] k,
    input  wire signed [7:0]  a_zero_point,
    input  wire signed [7:0]  zero_point,
    input  wire signed [7:0]  min,
    input  wire signed [7:0]  max,
    input  wire               cfg_valid,
    input  wire               cfg_first,
    input  wire signed [31:0] cfg_bias,
    input  wire        [30:0] cfg_multiplier,
    input  wire signed [5:0]  cfg_shift,
    input  wire               in_valid,
    output wire               in_ready,
    input  wire        [31:0] a,
    input  wire        [31:0] b,
    output wire               out_valid,
    input  wire               out_ready,
    output wire        [31:0] y,
    output wire        [3:0]  keep,
    output wire               last
);
    genvar i, j;

    // Where the beat stands: step of the sum, row and column of the tile.
    reg  [9:0]  step;
    reg  [12:0] row;
    reg  [8:0]  col;
    wire        run;
    wire        accept = in_valid & run;
    wire        end_step = {1'b0, step} + 11'd1 == k;
    wire [12:0] rows_left = m - row;
    wire [8:0]  cols_left = n - col;
    wire        end_row = rows_left <= 13'd4;
    wire        end_col = cols_left <= 9'd4;
    wire [2:0]  rows = end_row ? rows_left[2:0] : 3'd4;
    wire [2:0]  cols = end_col ? cols_left[2:0] : 3'd4;
    assign in_ready = run;

    always @(posedge clk)
        if (!rst_n) begin
            step <= 10'd0;
            row <= 13'd0;
            col <= 9'd0;
        end else if (accept) begin
            step <= end_step ? 10'd0 : step + 10'd1;
            if (end_step) col <= end_col ? 9'd0 : col + 9'd4;
            if (end_step & end_col) row <= end_row ? 13'd0 : row + 13'd4;
        end

    // Operands, products, sums. tile: rows, columns, entry of the parameters, last of the product.
    reg        valid1, valid2, full;
    reg        first1, first2, last1, last2;
    reg [12:0] tile1, tile2, tile3;

    always @(posedge clk)
        if (!rst_n) {valid1, valid2, full} <= 3'd0;
        else if (run) {valid1, valid2, full} <= {in_valid, valid1, valid2 & last2};

    always @(posedge clk)
        if (run) begin
            {first1, first2} <= {step == 10'd0, first1};
            {last1, last2} <= {end_step, last1};
            tile1 <= {rows, cols, col[7:2], end_row & end_col};
            tile2 <= tile1;
            tile3 <= tile2;
        end

    reg  [2:0] rows_to_go;
    wire       load = full & run;
    wire       advance;
    wire       busy = rows_to_go != 3'd0;
    wire       shift_out = busy & advance;
    wire       free = ~busy | (advance & (rows_to_go == 3'd1));
    assign run = ~full | free;

    wire [103:0] line [0:4]; // sums of a row that drains; beyond the last row nothing
    assign line[4] = 104'd0;

    generate
        for (i = 0; i < 4; i = i + 1) begin : in_row
            reg signed [8:0] x;
            reg [103:0] aside;
            wire [103:0] sums;
            assign line[i] = aside;
            always @(posedge clk) begin
                if (run) x <= $signed({a[8*i+7], a[8*i +: 8]}) - $signed({a_zero_point[7], a_zero_point});
                if (load) aside <= sums;
                else if (shift_out) aside <= line[i+1];
            end
            for (j = 0; j < 4; j = j + 1) begin : in_col
                reg signed [7:0]  w;
                reg signed [16:0] p;
                reg signed [25:0] sum;
                assign sums[26*j +: 26] = sum;
                always @(posedge clk)
                    if (run) begin
                        w <= b[8*j +: 8];
                        p <= x * w;
                        if (valid2) sum <= (first2 ? 26'sd0 : sum) + {{9{p[16]}}, p};
                    end
            end
        end
    endgenerate

    // The tile that drains.
    reg [2:0] drain_cols;
    reg [5:0] entry;
    reg       final_tile;
    always @(posedge clk)
        if (!rst_n) rows_to_go <= 3'd0;
        else if (load) rows_to_go <= tile3[12:10];
        else if (shift_out) rows_to_go <= rows_to_go - 3'd1;
    always @(posedge clk)
        if (load) {drain_cols, entry, final_tile} <= tile3[9:0];

    // Parameters of the channels: column c in lane c mod 4.
    reg  [7:0] written;
    wire [7:0] channel = cfg_first ? 8'd0 : written;
    always @(posedge clk)
        if (cfg_valid) written <= channel + 8'd1;

    // Beside the lanes: keep and last through fetch, bias and the five ranks of the requantizers.
    reg       fetched, biased;
    reg [4:0] flags [0:6];
    wire [3:0] kept = {drain_cols == 3'd4, drain_cols > 3'd2, drain_cols > 3'd1, 1'b1};
    integer t;
    always @(posedge clk)
        if (!rst_n) {fetched, biased} <= 2'd0;
        else if (advance) {fetched, biased} <= {busy, fetched};
    always @(posedge clk)
        if (advance) begin
            flags[0] <= {kept, final_tile & (rows_to_go == 3'd1)};
            for (t = 1; t < 7; t = t + 1) flags[t] <= flags[t-1];
        end
    assign {keep, last} = flags[6];

    wire [3:0] lane_ready, lane_valid;
    wire [5:0] unused_lanes = {lane_ready[3:1], lane_valid[3:1]};
    assign advance = lane_ready[0];
    assign out_valid = lane_valid[0];

    generate
        for (j = 0; j < 4; j = j + 1) begin : lane
            reg [68:0] memory [0:63];
            reg [68:0] parameters;
            reg signed [25:0] sum;
            reg signed [31:0] acc;
            reg [36:0] scale;
            always @(posedge clk) begin
                if (cfg_valid & (channel[1:0] == j)) memory[channel[7:2]] <= {cfg_bias, cfg_multiplier, cfg_shift};
                if (advance) begin
                    parameters <= memory[entry];
                    sum <= line[0][26*j +: 26];
                    acc <= $signed({{6{sum[25]}}, sum}) + $signed(parameters[68:37]);
                    scale <= parameters[36:0];
                end
            end
            requantizer_by_hand requantizer (
                .clk(clk), .rst_n(rst_n), .in_valid(biased), .in_ready(lane_ready[j]), .out_valid(lane_valid[j]),
                .out_ready(out_ready), .acc(acc), .multiplier(scale[36:6]), .shift(scale[5:0]),
                .zero_point(zero_point), .min(min), .max(max), .y(y[8*j +: 8])
            );
        end
    endgenerate
endmodule
