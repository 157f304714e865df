"""How the specimen moved while a movie was taken: one path of the whole field, and a smooth field about it.

The model. At spatial frequency f the transform of frame k of a window is
``y_k = a_k S exp(-2 pi i f.s_k) + n_k``: a signal S of power P(|f|), the share a_k of it that the dose so far has
left, the displacement s_k, and noise of power N(|f|). With ``R = sum_k a_k y_k exp(2 pi i f.s_k)`` and S integrated
out, the logarithm of the likelihood of the displacements is, up to a constant,

    L = sum_f c |R|^2,   c = snr / (N (1 + snr A)),   snr = P / N,   A = sum_k a_k^2.

Its expected curvature is ``I = 2 sum_f (2 pi f)^2 c P (diag(a_k^2 A) - a^2 a^2')``: a graph's Laplacian, for only
differences of displacements can be seen. P and N follow from how much stronger the sum of the frames is than noise
alone would make it. So there is no B factor to be chosen, and the curvature tells the error.

Displacements are Gaussian processes of dose and, for the field, of place; their widths are those under which what was
seen is most probable (marginal likelihood). Information and prior each are a product of a part in place and a part in
time, so that both become diagonal together: solution, evidence and the whole posterior covariance cost nothing
beside the transforms.

Priors follow the physics of Zivanov et al., IUCrJ 2019, 6:5, https://doi.org/10.1107/S205225251801463X: motion per
dose, fast at first, smooth in place.
"""

from cloudlet.cryoem.numerics.alignment.estimate import AlignmentTask, align, binning_for
from cloudlet.cryoem.numerics.alignment.field import MotionField

__all__ = ["AlignmentTask", "MotionField", "align", "binning_for"]
