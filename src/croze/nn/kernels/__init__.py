"""Operations that torch does slowly on a CPU, in another way that gives the same values up to rounding.

Everything here is for float32 maps that lie channels last, the layout in which networks are scored. The
gradients can be differentiated again.
"""

from croze.nn.kernels.quicken import Quickened

__all__ = ["Quickened"]
