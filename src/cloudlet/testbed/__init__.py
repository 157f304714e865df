"""Simulated specimen, microscope, camera, console and identity provider: what a site rehearses with."""
