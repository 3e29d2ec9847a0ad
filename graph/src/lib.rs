//! WIT worlds of component images, who serves whose imports, and the dependency graph over workloads.
