//! The rules of streams, for any block: what it does with its streams follows from its interface alone.

use std::fmt::Write;

use qrtl_hdl::exact::Role;
use qrtl_hdl::interface::Built;

use super::harness::declared;
use super::{Engine, Formal, Method, Proof, Twin};

/// Adds the proof that a block with backpressure keeps the rules of streams. Nets that the block
/// names as cuts hold anything: the proof needs nothing of what drives them.
pub fn prove_streams(built: &Built, formal: &mut Formal) {
    let interface = &built.interface;
    let (input, output) = (&interface.input, &interface.output);
    let (Some(in_valid), Some(in_ready)) = (&input.valid, &input.ready) else { return };
    let (Some(out_valid), Some(out_ready)) = (&output.valid, &output.ready) else { return };
    if !interface.clocked {
        return;
    }
    let module = &built.design.name;
    let top = format!("{module}_streams");
    let beat: Vec<&str> =
        [in_valid.as_str()].into_iter().chain(input.payload.iter().map(|p| p.name.as_str())).collect();
    let result: Vec<&str> =
        [out_valid.as_str()].into_iter().chain(output.payload.iter().map(|p| p.name.as_str())).collect();
    let bits = 1 + output.payload.iter().map(|port| port.width).sum::<usize>();
    let prefix = |name: &str| match name {
        name if beat.contains(&name) => "beat_",
        name if name == out_ready => "take_",
        _ => "",
    };

    let mut text = format!("// {top}: {module} and the rules of its streams.\nmodule {top} (\n");
    let ports = &built.design.top().ports;
    for (name, info) in ports.iter().filter(|(_, info)| info.role != Role::Output) {
        let _ = writeln!(text, "    input {},", declared(&format!("{}{name}", prefix(name)), info));
    }
    let _ = writeln!(text, "    output wire shown_ready,\n    output wire [{}:0] shown_result\n);\n", bits - 1);
    for (name, info) in ports.iter().filter(|(_, info)| info.role == Role::Output) {
        let _ = writeln!(text, "    {};", declared(name, info));
    }
    let pin = |(name, _): &(String, _)| format!(".{name}({}{name})", prefix(name));
    let pins: Vec<String> = ports.iter().map(pin).collect();
    let _ = writeln!(text, "    {module} dut ({});\n", pins.join(", "));
    text += &formal.cuts;
    let waits = format!("waited <= started & {out_valid} & ~take_{out_ready};");
    let shown = format!("assign shown_ready = {in_ready};");
    let _ = write!(
        text,
        "    {shown}\n    assign shown_result = {{{}}};\n\n    reg started = 0, waited = 0;\n    reg [{}:0] was;\n    always \
         @(posedge clk) begin\n        started <= 1;\n        {waits}\n        was <= shown_result;\n    end\n    always @* begin\n        \
         assume (rst_n == started);\n        if (waited) assert (shown_result == was);\n    end\n\nendmodule\n",
        result.join(", "),
        bits - 1
    );
    let proof = Proof {
        name: "streams".to_owned(),
        claim: "for all time: once a result is offered, it and all of its payload hold until it is taken; ready does not look at the beat \
                that is offered, and a result does not look at ready, but through registers"
            .to_owned(),
        method: Method::Streams,
        engine: Engine::Yices,
        top,
        files: vec!["formal/streams.v".to_owned()],
        steps: 1,
        products: false,
        timeout: 300,
        expected: 1,
        twins: vec![
            Twin::new("a result that is taken", "streams.v", waits, format!("waited <= started & {out_valid};")),
            Twin::new(
                "a ready that looks at valid",
                "streams.v",
                shown,
                format!("assign shown_ready = {in_ready} & beat_{in_valid};"),
            ),
        ],
    };
    formal.prove(proof, "streams.v", text);
}
