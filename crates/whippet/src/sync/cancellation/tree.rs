//! A tree of tokens, linked by index.
//!
//! A pure store under one lock for the whole tree. Nothing here is recursive, so a chain of tokens may be as long
//! as memory allows, and every operation but [`Tree::remove_subtree`] takes the same few steps however large the tree is.
//!
//! A token that is gone leaves no trace, unless it stands between others: with one child, the child takes its place;
//! with several, an empty node stays until all of them but one are gone. So there are never more empty nodes than
//! tokens.

use slab::Slab;

/// No node.
const NONE: u32 = u32::MAX;

/// A place in a [`Tree`].
pub(super) type Index = u32;

/// One node of the tree.
#[derive(Debug)]
struct Node<P> {
    /// What it stands for; empty when it only holds its children together.
    payload: Option<P>,
    /// Above it, or [`NONE`] at the root.
    parent: Index,
    /// Its first child, or [`NONE`].
    first_child: Index,
    /// How many children it has.
    children: u32,
    /// Its neighbours among its parent's children, or [`NONE`] at the ends.
    previous: Index,
    /// See `previous`.
    next: Index,
}

/// A tree of payloads (see the module docs).
#[derive(Debug)]
pub(super) struct Tree<P> {
    /// All nodes.
    nodes: Slab<Node<P>>,
}

impl<P> Tree<P> {
    /// An empty tree.
    pub(super) fn new() -> Self {
        Self { nodes: Slab::new() }
    }

    /// Members, empty ones included. Tests of leaks look at it.
    #[cfg(test)]
    #[cfg(not(loom))]
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Adds the root.
    pub(super) fn insert_root(&mut self, payload: P) -> Index {
        self.insert(payload, NONE)
    }

    /// Adds a child of `parent`.
    pub(super) fn insert_child(&mut self, parent: Index, payload: P) -> Index {
        let index = self.insert(payload, parent);
        self.link(index, parent);
        index
    }

    /// Takes a node out; its children stay, under its parent. Gives its payload back.
    pub(super) fn remove(&mut self, index: Index) -> Option<P> {
        let payload = self.node(index).payload.take();
        self.prune(index);
        payload
    }

    /// Takes a node out with all its descendants, and returns their payloads, parents first.
    pub(super) fn remove_subtree(&mut self, index: Index) -> Vec<P> {
        let parent = self.node(index).parent;
        self.unlink(index);
        let mut payloads = Vec::new();
        let mut at = index;
        while at != NONE {
            payloads.extend(self.node(at).payload.take());
            at = self.descend(at, index);
        }
        if parent != NONE {
            self.prune(parent);
        }
        payloads
    }

    /// The next stop after `at` on a walk around the subtree of `top`, or [`NONE`] at its end. Members without
    /// children left are freed on the way.
    fn descend(&mut self, mut at: Index, top: Index) -> Index {
        loop {
            let Node { first_child, next, parent, .. } = *self.node(at);
            if first_child != NONE {
                // The children are its own no more: on the way back there is nothing to walk again.
                self.node(at).first_child = NONE;
                return first_child;
            }
            self.free(at);
            if at == top {
                return NONE;
            }
            if next != NONE {
                return next;
            }
            at = parent;
        }
    }

    /// Frees an empty node that holds nothing together, and then those above it for which the same is true.
    fn prune(&mut self, mut index: Index) {
        loop {
            let Node { parent, first_child, children, ref payload, .. } = *self.node(index);
            if payload.is_some() || children > 1 {
                return;
            }
            self.unlink(index);
            self.free(index);
            if children == 1 {
                self.node(first_child).parent = NONE;
                self.link(first_child, parent);
                return;
            }
            if parent == NONE {
                return;
            }
            index = parent;
        }
    }

    /// Makes `index` the first child of `parent`, or a root under [`NONE`].
    fn link(&mut self, index: Index, parent: Index) {
        let mut next = NONE;
        if parent != NONE {
            let above = self.node(parent);
            next = std::mem::replace(&mut above.first_child, index);
            above.children += 1;
        }
        if next != NONE {
            self.node(next).previous = index;
        }
        let node = self.node(index);
        (node.parent, node.previous, node.next) = (parent, NONE, next);
    }

    /// Takes `index` out of its parent's children.
    fn unlink(&mut self, index: Index) {
        let Node { parent, previous, next, .. } = *self.node(index);
        if parent == NONE {
            return;
        }
        if previous == NONE {
            self.node(parent).first_child = next;
        } else {
            self.node(previous).next = next;
        }
        if next != NONE {
            self.node(next).previous = previous;
        }
        self.node(parent).children -= 1;
        let node = self.node(index);
        (node.parent, node.previous, node.next) = (NONE, NONE, NONE);
    }

    /// Adds a node that is not linked yet.
    fn insert(&mut self, payload: P, parent: Index) -> Index {
        let node = Node {
            payload: Some(payload),
            parent,
            first_child: NONE,
            children: 0,
            previous: NONE,
            next: NONE,
        };
        let index = Index::try_from(self.nodes.insert(node)).ok().filter(|index| *index != NONE);
        index.expect("fewer than 2^32 tokens in one tree")
    }

    /// Frees a node that is not linked any more. A tree of one node frees the memory of the others.
    fn free(&mut self, index: Index) {
        self.nodes.remove(index as usize);
        if self.nodes.len() <= 1 {
            self.nodes.shrink_to_fit();
        }
    }

    /// One node.
    fn node(&mut self, index: Index) -> &mut Node<P> {
        &mut self.nodes[index as usize]
    }
}
