"""Operations that torch does slowly on a CPU, in another way that gives the same values up to rounding.

Everything here is for maps that lie channels last, the layout in which networks are scored: most of it in
float32, `taps` in float64. The gradients can be differentiated again.
"""

from croze.nn.kernels.fast_layers import Quickened

__all__ = ["Quickened"]
