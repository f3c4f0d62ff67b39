"""Measuring instruments: workloads with known answers, peers to compare with, and the comparison itself."""
