//! The choice of instruction set, made once, and the functions everyone calls.
//!
//! A free function costs one load and one predictable branch more than the kernel it leads to. A
//! loop that wants even that back takes [`detected`] once and calls the methods of [`Kernels`].

use std::sync::OnceLock;

use super::instruction_set::{InstructionSet, Product, SquaredDifference, Stored};
use super::scalar::Scalar;

#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512};

/// The kernels this processor runs best. Cheap to copy; made by [`detected`].
#[derive(Clone, Copy, Debug)]
pub struct Kernels(Chosen);

#[derive(Clone, Copy, Debug)]
enum Chosen {
    Scalar(Scalar),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
}

impl Chosen {
    fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(set) = Avx512::detect() {
            return Self::Avx512(set);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(set) = Avx2::detect() {
            return Self::Avx2(set);
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(set) = Neon::detect() {
            return Self::Neon(set);
        }
        Self::Scalar(Scalar)
    }
}

/// The kernels of the best instruction set found; the search for it runs once per process.
#[inline]
pub fn detected() -> Kernels {
    static DETECTED: OnceLock<Kernels> = OnceLock::new();
    *DETECTED.get_or_init(|| Kernels(Chosen::best()))
}

/// Calls a method of whichever instruction set was chosen.
macro_rules! on_chosen {
    ($kernels:expr, $set:ident => $call:expr) => {
        match $kernels.0 {
            Chosen::Scalar($set) => $call,
            #[cfg(target_arch = "x86_64")]
            Chosen::Avx2($set) => $call,
            #[cfg(target_arch = "x86_64")]
            Chosen::Avx512($set) => $call,
            #[cfg(target_arch = "aarch64")]
            Chosen::Neon($set) => $call,
        }
    };
}

/// Writes each kernel twice: as a method of [`Kernels`], and as a free function on the detected
/// ones.
macro_rules! kernels {
    ($(
        $(#[$doc:meta])*
        $name:ident$(<$($stored:ident),*>)?($($argument:ident: $kind:ty),*) -> $result:ty = $method:ident::<$($marker:ty),*>;
    )*) => {
        impl Kernels {
            $(
                $(#[$doc])*
                #[inline]
                pub fn $name$(<$($stored: Stored),*>)?(self, $($argument: $kind),*) -> $result {
                    on_chosen!(self, set => set.$method::<$($marker),*>($($argument),*))
                }
            )*
        }

        $(
            $(#[$doc])*
            #[inline]
            pub fn $name$(<$($stored: Stored),*>)?($($argument: $kind),*) -> $result {
                detected().$name($($argument),*)
            }
        )*
    };
}

kernels! {
    /// The squared L2 distance Σ(a − b)².
    l2_squared<A, B>(a: &[A], b: &[B]) -> f32 = sum::<SquaredDifference, A, B>;
    /// The inner product Σ a·b.
    dot<A, B>(a: &[A], b: &[B]) -> f32 = sum::<Product, A, B>;
    /// The squared L2 distances of one query to four rows, the same bits as four calls of
    /// `l2_squared`.
    l2_squared_x4<Q, S>(query: &[Q], rows: [&[S]; 4]) -> [f32; 4] = sum_x4::<SquaredDifference, Q, S>;
    /// The inner products of one query with four rows, the same bits as four calls of `dot`.
    dot_x4<Q, S>(query: &[Q], rows: [&[S]; 4]) -> [f32; 4] = sum_x4::<Product, Q, S>;
    /// The squared L2 distance in 64-bit arithmetic: differences, products and sums, for certifying
    /// a float32 answer.
    l2_squared_f64(a: &[f32], b: &[f32]) -> f64 = sum_f64::<SquaredDifference>;
    /// The inner product in 64-bit arithmetic; each product of two float32 is exact.
    dot_f64(a: &[f32], b: &[f32]) -> f64 = sum_f64::<Product>;
    /// Which of at most 64 values are below their bars: bit i says whether values\[i\] < bars\[i\].
    below(values: &[f32], bars: &[f32]) -> u64 = below::<>;
    /// Which of at most 64 numbers are below one bar: bit i says whether values\[i\] < bar.
    under(values: &[u32], bar: u32) -> u64 = under::<>;
    /// The squared L2 distance of two rows of bytes, exactly; of up to 33,025 columns.
    l2_squared_bytes(a: &[i8], b: &[i8]) -> u32 = sum_bytes::<>;
    /// The same of one query and four rows.
    l2_squared_bytes_x4(query: &[i8], rows: [&[i8]; 4]) -> [u32; 4] = sum_bytes_x4::<>;
    /// Writes those of at most 64 values whose bits are set to `out`, in order, and says how many
    /// they are. `out` must be as long as `values`, or longer; so much of it may be overwritten.
    keep(values: &[u32], mask: u64, out: &mut [u32]) -> usize = keep::<>;
}

impl Kernels {
    /// The instruction set's name, as reports print it: `avx512f`, `avx2+fma`, `neon` or `scalar`.
    pub fn instructions(self) -> &'static str {
        fn name<I: InstructionSet>(_set: I) -> &'static str {
            I::NAME
        }
        on_chosen!(self, set => name(set))
    }

    /// A bound on the relative error of [`l2_squared`](Self::l2_squared) over `columns` float32
    /// values, so long as no square overflows or underflows: γ of the longest way of a term through
    /// the sums (Higham 2002, §3.1 and §4.2).
    pub fn l2_squared_relative_error(self, columns: usize) -> f64 {
        fn parallel<I: InstructionSet>(_set: I) -> usize {
            I::PARALLEL
        }
        let parallel = on_chosen!(self, set => parallel(set));
        // Of a term: its difference twice, its square, the additions to its sum and those of the
        // sums to one another.
        let roundings = 3 + (columns / parallel + 1) + parallel.ilog2() as usize;
        let error = roundings as f64 * f64::from(f32::EPSILON) / 2.0;
        error / (1.0 - error)
    }
}

/// The name of the instruction set in use, as reports print it.
///
/// ```
/// use annatomy_vectors::kernels;
///
/// assert_eq!(kernels::l2_squared(&[0.0, 3.0], &[4.0, 0.0]), 25.0);
/// println!("distances by {}", kernels::instructions());
/// ```
pub fn instructions() -> &'static str {
    detected().instructions()
}
