"""Judgements over small frames: each module takes rollups and records, and gives tables."""
