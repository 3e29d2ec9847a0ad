//! Why kube-scheduler's own filters refuse a node.

/// Why kube-scheduler's own filters refuse a node, in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    /// The node is cordoned.
    Unschedulable,
    /// A taint is not tolerated.
    Taint,
    /// The node selector or the required node affinity does not match.
    Affinity,
    /// No more pods.
    Pods,
    /// Not enough CPU.
    Cpu,
    /// Not enough memory.
    Memory,
    /// The pod asks for more than the whole node has; told beside [`Unfit::Cpu`] or [`Unfit::Memory`].
    TooSmall,
    /// The pods of its kind would be spread too unevenly.
    Spread,
    /// The node has no label by which to spread.
    SpreadLabel,
    /// The pods that it must be near are elsewhere.
    PodAffinity,
    /// A pod is near from which it must stay away.
    PodAntiAffinity,
    /// A pod is near that must stay away from it.
    ExistingAntiAffinity,
}

/// Several reasons at once; none of them where the node fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unfits(u16);

impl Unfit {
    const ALL: [Self; 12] = [
        Self::Unschedulable,
        Self::Taint,
        Self::Affinity,
        Self::Pods,
        Self::Cpu,
        Self::Memory,
        Self::TooSmall,
        Self::Spread,
        Self::SpreadLabel,
        Self::PodAffinity,
        Self::PodAntiAffinity,
        Self::ExistingAntiAffinity,
    ];

    /// The words of kube-scheduler's event; `None` for what only says more of another reason.
    pub fn message(self) -> Option<&'static str> {
        Some(match self {
            Self::Unschedulable => "node(s) were unschedulable",
            Self::Taint => "node(s) had untolerated taint(s)",
            Self::Affinity => "node(s) didn't match Pod's node affinity/selector",
            Self::Pods => "Too many pods",
            Self::Cpu => "Insufficient cpu",
            Self::Memory => "Insufficient memory",
            Self::TooSmall => return None,
            Self::Spread => "node(s) didn't match pod topology spread constraints",
            Self::SpreadLabel => {
                "node(s) didn't match pod topology spread constraints (missing required label)"
            }
            Self::PodAffinity => "node(s) didn't match pod affinity rules",
            Self::PodAntiAffinity => "node(s) didn't match pod anti-affinity rules",
            Self::ExistingAntiAffinity => "node(s) didn't satisfy existing pods anti-affinity rules",
        })
    }

    /// Whether evicting pods from the node cannot help.
    fn is_unresolvable(self) -> bool {
        match self {
            Self::Unschedulable
            | Self::Taint
            | Self::Affinity
            | Self::TooSmall
            | Self::SpreadLabel
            | Self::PodAffinity => true,
            Self::Pods
            | Self::Cpu
            | Self::Memory
            | Self::Spread
            | Self::PodAntiAffinity
            | Self::ExistingAntiAffinity => false,
        }
    }
}

impl Unfits {
    /// The node fits.
    pub const NONE: Self = Self(0);

    /// Whether the node fits.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Adds a reason.
    pub fn insert(&mut self, unfit: Unfit) {
        self.0 |= 1 << unfit as u16;
    }

    /// The reasons, in their order.
    pub fn iter(self) -> impl Iterator<Item = Unfit> {
        Unfit::ALL.into_iter().filter(move |unfit| self.0 & (1 << *unfit as u16) != 0)
    }

    /// Whether pods that come to other nodes can help.
    pub(super) fn depends_on_neighbours(self) -> bool {
        let neighbours = [
            Unfit::Spread,
            Unfit::SpreadLabel,
            Unfit::PodAffinity,
            Unfit::PodAntiAffinity,
            Unfit::ExistingAntiAffinity,
        ];
        self.iter().any(|unfit| neighbours.contains(&unfit))
    }

    /// Whether evicting pods from the node cannot help.
    pub fn is_unresolvable(self) -> bool {
        self.iter().any(Unfit::is_unresolvable)
    }
}

impl From<Unfit> for Unfits {
    fn from(unfit: Unfit) -> Self {
        Self(1 << unfit as u16)
    }
}

impl Extend<Unfit> for Unfits {
    fn extend<I: IntoIterator<Item = Unfit>>(&mut self, reasons: I) {
        reasons.into_iter().for_each(|unfit| self.insert(unfit));
    }
}
