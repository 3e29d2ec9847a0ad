//! An HTTP scheduler extender that places linked WebAssembly components together on capable Kubernetes nodes.
