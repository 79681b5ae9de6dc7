//! Runs the embedded model on the host; its exit status is the number of mistakes.

#![no_std]
#![no_main]

// The C runtime starts the program, and copies memory as `core` asks it to. Nothing else of it is used.
#[link(name = "c")]
unsafe extern "C" {
    fn abort() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: `abort` takes nothing and may be called at any time.
    unsafe { abort() }
}

// `core` as it is distributed names this function, which would run while a panic unwinds; here panics abort.
// SAFETY: no other symbol of this program has the name, and nothing calls it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

// SAFETY: no other symbol of this program is called `main`; the C runtime expects one of this signature.
#[unsafe(no_mangle)]
pub extern "C" fn main(_arguments: i32, _values: *const *const u8) -> i32 {
    xor::mistakes()
}
