//! Inference by `rten`, on one thread per call, so that no row depends on the number of threads.
//!
//! Threads share the model and its weights; what one of them asks for by name may be any value,
//! those between operators too.

use std::path::Path;
use std::sync::Arc;

use annatomy_runtime::guard_panics;
use rten::{
    DataType, Dimension, Model, ModelOptions, NodeId, NodeInfo, RunOptions, ThreadPool, Value,
    ValueType,
};
use rten_tensor::prelude::*;

use super::{Declared, Engine, Found, Optimize, Runner};

/// A model as `rten` reads it.
pub(super) struct Rten {
    model: Arc<Model>,
}

/// The same with another thread, on which all of the engine's work is done.
struct Thread {
    model: Arc<Model>,
    pool: Arc<ThreadPool>,
}

impl Rten {
    pub(super) fn load(path: &Path, optimize: Optimize) -> Result<Self, String> {
        let mut options = ModelOptions::with_all_ops();
        options
            .enable_optimization(optimize == Optimize::Yes)
            .prepack_weights(true);
        let model = guard_panics(
            |problem| problem,
            || options.load_file(path).map_err(|error| error.to_string()),
        )?;
        Ok(Self {
            model: Arc::new(model),
        })
    }

    fn declared(&self, ids: &[NodeId]) -> Vec<Declared> {
        let one = |&id: &NodeId| {
            let info = self.model.node_info(id);
            let kind = info.as_ref().and_then(NodeInfo::dtype);
            let side = |side: &Dimension| match side {
                Dimension::Fixed(size) => Some(*size),
                Dimension::Symbolic(_) => None,
            };
            Declared {
                name: info
                    .as_ref()
                    .and_then(NodeInfo::name)
                    .unwrap_or_default()
                    .to_owned(),
                kind: kind.map_or("of any type".to_owned(), |kind| kind.to_string()),
                takes_numbers: kind.is_none_or(|kind| kind == ValueType::Tensor(DataType::Float)),
                shape: info
                    .and_then(|info| info.shape())
                    .map(|shape| shape.iter().map(side).collect()),
            }
        };
        ids.iter().map(one).collect()
    }
}

impl Engine for Rten {
    fn inputs(&self) -> Vec<Declared> {
        self.declared(self.model.input_ids())
    }

    fn outputs(&self) -> Vec<Declared> {
        self.declared(self.model.output_ids())
    }

    /// Every value has a name here, those between operators too.
    fn has(&self, name: &str) -> bool {
        self.model.find_node(name).is_some()
    }

    fn runner(&self) -> Result<Box<dyn Runner>, String> {
        Ok(Box::new(Thread {
            model: self.model.clone(),
            pool: Arc::new(ThreadPool::with_num_threads(1)),
        }))
    }
}

impl Runner for Thread {
    fn run(
        &mut self,
        shape: &[usize],
        values: Vec<f32>,
        names: &[String],
    ) -> Result<Vec<Found>, String> {
        let &[input] = self.model.input_ids() else {
            return Err("more than one input".to_owned());
        };
        let id = |name: &String| {
            self.model
                .find_node(name)
                .ok_or_else(|| format!("no value {name:?}"))
        };
        let outputs = names.iter().map(id).collect::<Result<Vec<NodeId>, _>>()?;
        let value = Value::from_shape(shape, values).map_err(|error| error.to_string())?;
        let options = RunOptions::default().with_thread_pool(Some(self.pool.clone()));
        let inputs = vec![(input, value.into())];
        let run = || {
            self.model
                .run(inputs, &outputs, Some(options))
                .map_err(|error| error.to_string())
        };
        // Panics are caught on the thread that runs the model.
        let values = self.pool.run(|| guard_panics(|problem| problem, run))?;
        let found = |(name, value): (&String, &Value)| Found {
            name: name.clone(),
            kind: value.dtype().to_string(),
            shape: value.shape().to_vec(),
            numbers: value
                .as_tensor_view::<f32>()
                .map(|numbers| numbers.to_vec()),
        };
        Ok(names.iter().zip(&values).map(found).collect())
    }
}
