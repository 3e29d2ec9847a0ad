//! A real Kubernetes control plane and registry on loopback, and the end-to-end tests that use them.
