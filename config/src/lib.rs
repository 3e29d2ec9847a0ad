//! The settings file of wit-placement and its host catalogue, validated into plain values.
