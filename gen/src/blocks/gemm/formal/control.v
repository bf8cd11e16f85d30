    // From the first clock behind a reset on. A later reset leads to such a state again.
    reg started = 0, settled = 0;
    always @(posedge clk) {settled, started} <= {started, 1'b1};
    always @* assume (rst_n == started);

    // THE PRODUCT. Beats come tile by tile, K for each, tiles in a row of tiles from left to right, the rows of tiles downwards.
    // These registers count beats and look at nothing in the block.
    reg open = 0;                                // a product's first beat was offered, and its last not taken
    reg [BITS-1:0] at_term, at_tile, at_row;     // of the beat that comes next: its term, its tile in the row of tiles, its first row
    reg [BITS-1:0] m_was, n_was, k_was;
    wire [BITS-1:0] at_col = at_tile * COLS;
    wire taken = offered & ready;
    wire ends_tile = taken & (at_term + 1 == k_now);
    wire last_cols = at_col + COLS >= n_now;
    wire last_rows = at_row + ROWS >= m_now;
    wire [BITS-1:0] rows = last_rows ? m_now - at_row : ROWS;
    wire [BITS-1:0] cols = last_cols ? n_now - at_col : COLS;

    always @(posedge clk) begin
        open <= started & (open | offered) & ~(ends_tile & last_cols & last_rows);
        {m_was, n_was, k_was} <= {m_now, n_now, k_now};
        if (!started) begin
            at_term <= 0;
            at_tile <= 0;
            at_row <= 0;
        end else if (taken) begin
            at_term <= ends_tile ? 0 : at_term + 1;
            if (ends_tile) at_tile <= last_cols ? 0 : at_tile + 1;
            if (ends_tile & last_cols) at_row <= last_rows ? 0 : at_row + ROWS;
        end
    end

    // The contract: dimensions are in their ranges, and hold while a product is open. Between products they may change at once.
    always @* begin
        assume (m_now >= 1 && m_now <= M_MAX && n_now >= 1 && n_now <= N_MAX && k_now >= 1 && k_now <= K_MAX);
        if (open) assume (m_now == m_was && n_now == n_was && k_now == k_was);
    end

    // THE TILE THAT DRAINS: row by row, in a row group by group.
    reg [BITS-1:0] in_rows, in_cols, in_tile;    // its rows, its columns, its place in the row of tiles
    reg in_last;                                 // it is the last of the product
    reg [BITS-1:0] row, group;                   // what goes next
    wire [BITS-1:0] group_col = group * LANES;
    wire [BITS-1:0] cols_rest = in_cols > group_col ? in_cols - group_col : 0;

    always @(posedge clk) begin
        if (ends_tile) begin
            in_rows <= rows;
            in_cols <= cols;
            in_tile <= at_tile;
            in_last <= last_cols & last_rows;
            row <= 0;
            group <= 0;
        end else if (drain_step) begin
            group <= group + 1 == GROUPS ? 0 : group + 1;
            if (group + 1 == GROUPS) row <= row + 1;
        end
    end

    // HOW LONG A BEAT WAITS, counted while results are taken.
    reg [BITS-1:0] waits;
    always @(posedge clk) waits <= started & offered & ~ready & taking_results ? waits + 1 : 0;

    // What the registers mean.
    reg [BITS-1:0] was_tile, was_row;            // the tile that ended in the clock before
    reg was_last_cols, was_last_rows, was_ended;
    always @(posedge clk) begin
        {was_tile, was_row} <= {at_tile, at_row};
        {was_last_cols, was_last_rows, was_ended} <= {last_cols, last_rows, started & sequencer_ended};
    end
    wire running = sequencer_running, ended = sequencer_ended;
    wire [BITS-1:0] now_tile = ended ? was_tile : at_tile;
    wire [BITS-1:0] now_row = ended ? was_row : at_row;
    wire [BITS-1:0] occupied = outlet_used + outlet_reserved;
    wire [BITS-1:0] groups_left = drain_reserved ? (in_rows - row) * GROUPS - group : 0;
    // Each clock in which a beat waits for the drain, and results are taken, makes this less.
    wire [BITS-1:0] work = groups_left * (PASSES + 1) + before_drain + behind_drain + paces_left + outlet_level + on_the_way;

    always @* if (started) begin
        // CLAIMS
        // The beat that ends a tile is known, and so are the rows, columns and channels of the tile.
        assert (sequencer_tile_end == ends_tile);
        if (ends_tile) begin
            assert (sequencer_rows == rows && sequencer_cols == cols);
            assert (sequencer_entry * LANES == at_col && sequencer_done == (last_cols & last_rows));
        end
        // No tile is given to a drain that has one.
        if (ends_tile) assert (!drain_reserved);
        // In a product, only the last beat of a tile waits, and only while another tile drains.
        if (running && !ready) assert (at_term + 1 == k_now && drain_reserved);
        // A beat is taken within WAIT clocks in which results are taken.
        assert (waits <= WAIT);
        // Each group leaves once, in order, with its columns, its channels and its mark. A group beyond the edge is passed over.
        if (drain_step) begin
            assert (drain_reserved && row < in_rows && group < GROUPS);
            assert (drain_address * LANES == in_tile * COLS + group_col);
            assert (drain_valid == (cols_rest != 0));
            if (drain_valid) assert (drain_cols_kept == (cols_rest < LANES ? cols_rest : LANES));
            if (drain_valid) assert (drain_last == (in_last && row + 1 == in_rows && cols_rest <= LANES));
        end
        if (drain_valid) assert (drain_step);
        // The tile is done with the last group of its last row.
        if (drain_reserved && !pending) assert (row == in_rows && group == 0);
        // The outlet never has more results than places, and never gives one that it has not.
        assert (occupied <= PLACES && outlet_level <= PLACES);
        assert (outlet_filled == (outlet_level != 0));

        // INVARIANTS
        assert (open == (running | sequencer_begun));
        if (running || sequencer_begun) begin
            assert (terms_single == (k_was == 1) && cols_single == (n_was <= COLS) && rows_single == (m_was <= ROWS));
        end
        if (running) begin
            assert (at_term < k_was && at_col < n_was && at_row < m_was);
            assert (at_tile <= LAST_TILE && was_tile <= LAST_TILE);
            assert (sequencer_terms_left + at_term == k_was);
            assert (sequencer_cols_left + now_tile * COLS == n_was && now_tile * COLS < n_was);
            assert (sequencer_rows_left + now_row == m_was && now_row < m_was);
            assert (sequencer_last_term == (sequencer_terms_left == 1));
            assert (sequencer_last_cols == (sequencer_cols_left <= COLS));
            assert (sequencer_last_rows == (sequencer_rows_left <= ROWS));
            if (ended) assert (was_last_cols == sequencer_last_cols && at_term <= 1);
            if (ended) assert (at_tile == (was_last_cols ? 0 : was_tile + 1));
            if (ended) assert (at_row == (was_last_cols ? was_row + ROWS : was_row));
            if (!ended && !was_ended) assert (sequencer_last_tile == (sequencer_last_cols & sequencer_last_rows));
        end else begin
            assert (at_term == 0 && at_tile == 0 && at_row == 0);
            if (ended) assert (sequencer_last_cols && was_last_cols && was_last_rows);
            if (!ended) assert (sequencer_entries == 0);
        end
        if (running || ended) assert (sequencer_entries * LANES == now_tile * COLS);
        if (ended || was_ended) assert (drain_reserved && !(ended && was_ended));

        assert (drain_reserved == (waiting + drain_active + resting));
        assert (waiting + drain_active + resting <= 1 && pacing <= 1);
        if (drain_reserved) begin
            assert (in_rows >= 1 && in_rows <= ROWS && in_cols >= 1 && in_cols <= COLS && in_tile <= LAST_TILE);
            assert (drain_tile_cols == in_cols && drain_final_tile == in_last);
            assert (drain_start_of_row * LANES == in_tile * COLS);
        end
        if (pending) begin
            assert (row < in_rows && group < GROUPS);
            assert (drain_rows_left + row == in_rows && drain_group == group);
            assert (drain_cols_left == cols_rest && drain_at == drain_start_of_row + group);
        end
        if (waiting) assert (row == 0 && group == 0);

        assert (occupied == outlet_level + on_the_way + outlet_freed);
        if (outlet_some_room) assert (occupied < PLACES);
        assert (((outlet_put_at - outlet_take_at - outlet_level) & (PLACES - 1)) == 0);

        assert (work <= WAIT - 2);
        if (waits != 0 && running) assert (waits + work <= WAIT);
        if (!running) assert (waits <= sequencer_begun);
        // Without room, results stand in the outlet: whoever takes them makes room.
        if (settled && !outlet_some_room) assert (outlet_filled);
    end
