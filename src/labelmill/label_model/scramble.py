"""Keys of whole numbers whose sums tell sets apart, in whichever order these are added."""

import numpy as np
from numpy.typing import NDArray


def scrambled(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble whole numbers, as SplitMix64 [1]_ does.

    References
    ----------
    .. [1] G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
