
    // ONE RESULT, any of them, from the group of sums that leaves the array to the beat that is taken.
    (* anyseq *) reg mark;
    reg tagged = 0;                              // a result is followed
    reg [BITS-1:0] age, ahead;                   // clocks since its group left, until it is in the outlet; results before it
    reg [BITS-1:0] tag_kept, slot;               // its columns; its place in the outlet
    reg tag_last;                                // it is the last of the product
    reg [Y_BITS-1:0] tag_y;                      // what the requantizers gave
    wire given = outlet_out_valid & taking_results;
    wire outlet_take = outlet_filled & (taking_results | ~outlet_offered);

    always @(posedge clk) begin
        if (!tagged) begin
            tagged <= started & drain_valid & mark;
            age <= 1;
            ahead <= on_the_way + outlet_level + outlet_offered - given;
            tag_kept <= cols_rest < LANES ? cols_rest : LANES;
            tag_last <= in_last & row + 1 == in_rows & cols_rest <= LANES;
        end else begin
            tagged <= started & !(given & ahead == 0);
            ahead <= ahead - given;
            if (age <= RANKS) age <= age + 1;
            if (age == RANKS) begin
                slot <= outlet_put_at;
                tag_y <= outlet_put_y;
            end
            if (age == RANKS + 1 && outlet_take && slot == outlet_take_at) age <= RANKS + 2;
        end
    end

    wire is_due = tagged & ahead == 0 & outlet_offered;
    always @* if (started) begin
        // CLAIMS
        // It is offered when all results before it were taken: as the requantizers gave it, with its columns and its mark.
        if (is_due) begin
            assert (outlet_out_valid && outlet_y == tag_y && outlet_last == tag_last);
            assert (outlet_keep == (1 << tag_kept) - 1);
        end
        // Until then it is on its way.
        if (tagged) assert (ahead <= on_the_way + outlet_level && age >= 1 && age <= RANKS + 2);
        assert (outlet_out_valid == outlet_offered);
        // The ports of the block are those of its parts, lane by lane.
@ports@        // INVARIANTS
        if (tagged) begin
            assert (tag_kept >= 1 && tag_kept <= LANES);
            if (age <= RANKS) assert (it_comes && ahead == older + outlet_level + outlet_offered);
            if (age == RANKS + 1) begin
                assert (slot < PLACES && ((slot - outlet_take_at) & (PLACES - 1)) == ahead - outlet_offered);
                assert (ahead >= outlet_offered && ahead - outlet_offered < outlet_level && stands_in_slot);
            end
            assert ((age == RANKS + 2) == is_due);
            if (age == RANKS + 2) assert (stands_at_end);
        end
    end
