"""The trained model: network, features, training, calibration, figures, the artifact on disk and its card."""
