//! Bundles: structs of ports and registers that belong to the block that has the bundle as a field.

/// Makes a struct a field of blocks. Each of its fields is a port, a register or another bundle. In the Verilog, its
/// name is the name of the bundle, an underscore and the name of the field.
#[macro_export]
macro_rules! bundle {
    ($type:ty { $($field:ident),* $(,)? }) => {
        impl rust_hdl::prelude::Logic for $type {
            fn update(&mut self) {}
        }

        impl rust_hdl::prelude::Block for $type {
            fn connect_all(&mut self) {}
            fn update_all(&mut self) {
                $(self.$field.update_all();)*
            }
            fn has_changed(&self) -> bool {
                false $(|| self.$field.has_changed())*
            }
            fn accept(&self, name: &str, probe: &mut dyn rust_hdl::prelude::Probe) {
                $(self.$field.accept(&format!("{name}_{}", stringify!($field)), probe);)*
            }
        }
    };
}
