"""What this workload tells others of itself: figures, images, stages."""

from __future__ import annotations

from cloudlet.analytics import Declaration, Figure, ImageKind, Stage

__all__ = ["DECLARATION"]

_QUALITY = (
    Figure(
        "fit_resolution",
        "CTF fit resolution",
        "Å",
        1,
        "How fine the Thon rings follow the fit; above 5 Å look for thick ice, drift or a charging specimen.",
        threshold=5.0,
        bad_side="above",
        is_vital=True,
    ),
    Figure(
        "defocus",
        "Defocus",
        "µm",
        2,
        "Mean underfocus; when it strays from the target, run autofocus or look at the grid's flatness.",
        target="target_defocus",
        is_vital=True,
    ),
    Figure(
        "motion_total",
        "Motion",
        "Å",
        1,
        "Length of the whole field's path over the movie; when it grows, wait longer after stage moves.",
        is_vital=True,
    ),
    Figure(
        "counts",
        "Counts per pixel and frame",
        "",
        2,
        "Mean of the gain-corrected frames; it falls as ice thickens, and to nothing when a valve or the beam is shut.",
        is_vital=True,
    ),
)

_DETAILS = (
    Figure(
        "motion_first",
        "Motion, first 5 e/Å²",
        "Å",
        1,
        "Path while the specimen is still fresh; when long, wait before exposing or thicken the support film.",
    ),
    Figure(
        "motion_local",
        "Local motion",
        "Å",
        2,
        "How much places move about the whole field's path; large for thin ice and weak support.",
    ),
    Figure("motion_error", "Motion error", "Å", 2, "Standard error that is to be expected of the path."),
    Figure("defocus_u", "Defocus U", "µm", 3, "Underfocus along the angle of astigmatism, the larger one."),
    Figure("defocus_v", "Defocus V", "µm", 3, "Underfocus across the angle of astigmatism, the smaller one."),
    Figure(
        "astigmatism",
        "Astigmatism",
        "Å",
        0,
        "Difference of the two; when it stays above a few hundred ångström, correct the objective stigmator.",
    ),
    Figure(
        "astigmatism_angle",
        "Astigmatism angle",
        "°",
        0,
        "Direction of defocus U, counter-clockwise from the x axis; it means little where astigmatism is small.",
    ),
    Figure(
        "ctf_repeatability",
        "CTF repeatability",
        "Å",
        0,
        "Largest difference of defocus between two halves that share no pixel; above 100 Å do not rely on the fit.",
        threshold=100.0,
        bad_side="above",
    ),
    Figure("tilt", "Tilt", "°", 1, "Of the specimen, from the defocus of 25 places; when large, look for a bent grid."),
    Figure("defocus_spread", "Unevenness", "Å", 0, "What the 25 places' defocus strays from a plane."),
    Figure("phase_shift", "Phase shift", "°", 0, "Of a phase plate; condition it anew when it drifts."),
    Figure("ice_ring", "Ice ring", "", 2, "Power where crystalline ice scatters over what is expected; 1 is vitreous."),
    Figure("thickness", "Thickness", "nm", 0, "From the first node of the rings, where one is seen."),
    Figure("particles", "Particles", "", 0, "Picked and cut out; where there are few, change the square or the grid."),
    Figure(
        "picking_confidence",
        "Picking confidence",
        "%",
        0,
        "Share of the picks that noise does not account for; when it falls, look at contrast and diameter.",
    ),
    Figure("contamination", "Contamination", "%", 0, "Share of the area where ice crystals or film forbid picking."),
    Figure("ctf_score", "CTF score", "", 3, "Correlation of the power spectrum with the fitted rings, 0 to 1."),
    Figure(
        "gain_match",
        "Gain match",
        "σ",
        0,
        "How clearly the gain reference shows in the counts, in standard deviations; when it falls, take a new one.",
    ),
    Figure(
        "dead_frames", "Dead frames", "", 0, "Frames that hold nothing; their dose still counts. Look at the camera."
    ),
    Figure("hot_pixels", "Defective pixels", "", 0, "Hot or dead pixels replaced; take a new gain when it grows."),
)

_CONDITIONS = (
    Figure("target_defocus", "Target defocus", "µm", 2, "The underfocus that was asked for."),
    Figure("dose", "Dose", "e/Å²", 1, "Electrons on the specimen over the whole movie."),
    Figure("frames", "Frames", "", 0, "Frames of the movie."),
    Figure("pixel_size", "Pixel size", "Å", 3, "Of the frames, as it was used; when wrong, correct the settings."),
    Figure("binning", "Binning", "", 0, "Pixels of the frames, along each side, that make one of the micrograph."),
    Figure("voltage", "Voltage", "kV", 0, "As it was used."),
    Figure("spherical_aberration", "Spherical aberration", "mm", 2, "As it was used."),
    Figure("amplitude_contrast", "Amplitude contrast", "", 2, "As it was used."),
)

DECLARATION = Declaration(
    key="cryoem",
    title="Cryo-EM movies",
    exposure="movie",
    exposures="movies",
    figures=(*_QUALITY, *_DETAILS, *_CONDITIONS),
    images=(
        ImageKind("micrograph", "Micrograph", "The dose-weighted micrograph, low-passed to 10 Å."),
        ImageKind(
            "power_spectrum",
            "Power spectrum",
            "Thon rings over their background to the right, the fitted ones to the left.",
        ),
        ImageKind(
            "thumbnail",
            "Micrograph, small",
            "The dose-weighted micrograph, low-passed to 20 Å.",
            small_of="micrograph",
        ),
    ),
    stages=(
        Stage("read", "Read"),
        Stage("gain", "Gain and defects"),
        Stage("motion", "Motion"),
        Stage("sums", "Sums"),
        Stage("write", "Writing"),
        Stage("ctf", "CTF"),
        Stage("particles", "Particles"),
        Stage("pictures", "Pictures"),
    ),
)
