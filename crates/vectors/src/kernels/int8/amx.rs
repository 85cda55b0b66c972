//! Integer sums on AMX: `tdpbsud` multiplies 16 rows of 64 signed codes by 16 of 64 unsigned ones and adds 256 sums.
//!
//! Four of the eight tile registers hold the sums of 32 left and 32 right rows:
//!
//! |             | right 0..16 | right 16..32 |
//! |---|---|---|
//! | left 0..16  | tmm0 | tmm1 |
//! | left 16..32 | tmm2 | tmm3 |
//!
//! and for 64 columns at a time tmm4 and 5 hold the left codes, tmm6 and 7 the right ones: 4 loads, 4 products.
//!
//! Linux lets a process use tile registers once it asks; [`Amx::detect`] asks, once. A thread
//! configures its tiles while it has [`Tiles`], so that no other code meets them.

#![expect(
    unsafe_code,
    reason = "tile instructions have no stable intrinsics, and their permission is a system call"
)]

use super::vnni::Vnni;
use super::{Before, GROUP, LeftShape, RIGHT, RightGroup, Sums};
use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::OnceLock;

/// Rows of a tile register.
const ROWS: usize = 16;
/// Bytes of one of its rows.
const ROW_BYTES: usize = 64;
/// Bytes from row to row of sums, and from group to group of right codes.
const STRIDE: usize = RIGHT * GROUP;
/// A left panel: two tiles of rows, each row of a tile side by side.
pub(super) const LEFT: LeftShape = LeftShape {
    rows: 2 * ROWS,
    columns: ROW_BYTES,
};

const _: () = {
    assert!(RIGHT == 2 * ROWS, "two tiles of right rows");
    assert!(
        ROWS * GROUP == LEFT.columns,
        "as many columns in a right tile"
    );
    assert!(size_of::<Sums>() == STRIDE && size_of::<RightGroup>() == STRIDE);
    assert!(STRIDE == 128 && ROW_BYTES == 64, "as written below");
};

/// Palette 1 with eight whole tiles (Intel, Architecture Instruction Set Extensions Programming Reference,
/// 319433, section 3.1).
#[repr(C, align(64))]
struct TileConfiguration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static WHOLE_TILES: TileConfiguration = TileConfiguration {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Proof that AMX-INT8 is there, that this process may use it, and of what [`Vnni`] proves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amx(Vnni);

impl Amx {
    pub(super) fn detect() -> Option<Self> {
        static DETECTED: OnceLock<bool> = OnceLock::new();
        let vnni = Vnni::detect()?;
        let usable = || has_tiles() && may_use_tiles();
        DETECTED.get_or_init(usable).then_some(Self(vnni))
    }

    /// What it does not do in tiles.
    pub(super) fn vnni(self) -> Vnni {
        self.0
    }

    /// Configures the tile registers of this thread.
    #[expect(
        clippy::unused_self,
        reason = "who holds the token has the instructions"
    )]
    pub(super) fn configure(self) -> Tiles {
        if OPEN.get() == 0 {
            // SAFETY: the token proves the instruction and its permission; the configuration is a valid one.
            unsafe {
                asm!(
                    "ldtilecfg [{}]",
                    in(reg) &raw const WHOLE_TILES,
                    options(nostack, readonly, preserves_flags),
                );
            }
        }
        OPEN.set(OPEN.get() + 1);
        Tiles(PhantomData)
    }
}

thread_local! {
    /// How many [`Tiles`] a thread has.
    static OPEN: Cell<usize> = const { Cell::new(0) };
}

/// Proof that this thread's tile registers are configured; the last of a thread's, dropped, releases them.
#[derive(Debug)]
pub(super) struct Tiles(PhantomData<*const ()>);

impl Drop for Tiles {
    fn drop(&mut self) {
        OPEN.set(OPEN.get() - 1);
        if OPEN.get() == 0 {
            // SAFETY: who has configured tiles may release them.
            unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) }
        }
    }
}

impl Tiles {
    #[expect(
        clippy::unused_self,
        reason = "who holds the token has configured tiles"
    )]
    pub(super) fn sum_products(
        &self,
        left: &[i8],
        right: &[RightGroup],
        to: Before,
        sums: &mut [Sums],
    ) {
        let steps = right.len() / ROWS;
        assert_eq!(steps * ROWS, right.len(), "whole tiles");
        assert_eq!(left.len(), LEFT.rows * GROUP * right.len(), "equal columns");
        assert_eq!(sums.len(), LEFT.rows, "sums of every left row");
        // SAFETY: `self` proves that tiles are configured. Of each panel `steps` times two tiles are read, which
        // is its length; `sums` are 32 rows of two tiles, read where they are added to, and written. Compiled code
        // uses no tile registers.
        unsafe {
            asm!(
                "test {added:e}, {added:e}",
                "jnz 2f",
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "jmp 3f",
                "2:",
                "tileloadd tmm0, [{sums} + {stride}]",
                "tileloadd tmm1, [{sums} + {stride} + 64]",
                "tileloadd tmm2, [{sums} + {stride} + 2048]",
                "tileloadd tmm3, [{sums} + {stride} + 2112]",
                "3:",
                "test {steps}, {steps}",
                "jz 5f",
                "4:",
                "tileloadd tmm4, [{left} + {left_stride}]",
                "tileloadd tmm6, [{right} + {stride}]",
                "tdpbsud tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{right} + {stride} + 64]",
                "tdpbsud tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{left} + {left_stride} + 1024]",
                "tdpbsud tmm2, tmm5, tmm6",
                "tdpbsud tmm3, tmm5, tmm7",
                "add {left}, 2048",
                "add {right}, 2048",
                "dec {steps}",
                "jnz 4b",
                "5:",
                "tilestored [{sums} + {stride}], tmm0",
                "tilestored [{sums} + {stride} + 64], tmm1",
                "tilestored [{sums} + {stride} + 2048], tmm2",
                "tilestored [{sums} + {stride} + 2112], tmm3",
                added = in(reg) u32::from(to == Before::Added),
                sums = in(reg) sums.as_mut_ptr(),
                left = inout(reg) left.as_ptr() => _,
                right = inout(reg) right.as_ptr() => _,
                left_stride = in(reg) ROW_BYTES,
                stride = in(reg) STRIDE,
                steps = inout(reg) steps => _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

/// Whether the processor has AMX-TILE and AMX-INT8, and the system saves tiles (Intel, as above, section 3.2).
fn has_tiles() -> bool {
    const OSXSAVE: u32 = 1 << 27;
    const TILE_AND_INT8: u32 = 1 << 24 | 1 << 25;
    const TILE_STATES: u64 = 1 << 17 | 1 << 18;
    if cfg!(miri) || __cpuid(0).eax < 7 || __cpuid(1).ecx & OSXSAVE == 0 {
        return false;
    }
    let has = __cpuid_count(7, 0).edx & TILE_AND_INT8 == TILE_AND_INT8;
    // SAFETY: OSXSAVE says that XGETBV is there.
    has && unsafe { _xgetbv(0) } & TILE_STATES == TILE_STATES
}

/// Asks Linux for the tile registers (`arch_prctl(2)`; Documentation/arch/x86/xstate.rst); threads have what their
/// process has. Kernels before 5.16 refuse.
fn may_use_tiles() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: this call takes two numbers and touches no memory.
    let refused = unsafe {
        libc::syscall(
            libc::SYS_arch_prctl,
            ARCH_REQ_XCOMP_PERM,
            XFEATURE_XTILEDATA,
        )
    };
    refused == 0
}
