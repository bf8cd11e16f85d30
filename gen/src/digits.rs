//! The three digits networks of `models/digits`, as Keras trained them, and their images.

mod architecture;

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use qrtl_golden::import::npy;
use qrtl_golden::operators::Array;

pub use architecture::{Architecture, CLASSES};

use architecture::SIZE;

/// Number of images for the calibration of activations: the first of the training images.
pub const CALIBRATION_IMAGES: usize = 300;

/// Number of all images.
pub const IMAGES: usize = 1797;

/// Number of images that the networks were trained on.
const TRAIN: usize = 1437;

/// Number of images that they were not trained on.
pub const TEST: usize = 360;

impl Architecture {
    /// The logits that TensorFlow gave in floats, `NAME_float_logits_all.npy` in `dir`: 10 for each image.
    ///
    /// # Errors
    /// If the file cannot be read or has another shape.
    pub fn recorded_logits(self, dir: &Path) -> Result<Vec<f32>> {
        array(dir, &format!("{}_float_logits_all.npy", self.name()), &[IMAGES, CLASSES])
    }
}

/// Reads the array in a file, which must have this shape.
fn array<T: npy::Element>(dir: &Path, file: &str, shape: &[usize]) -> Result<Vec<T>> {
    let array = npy::Array::read(dir.join(file)).map_err(|cause| anyhow!("{file}: {cause}"))?;
    ensure!(array.shape == shape, "{file}: shape {:?}, expected {shape:?}", array.shape);
    Ok(array.data)
}

/// The images, and their division into training and test.
#[derive(Debug, Clone)]
pub struct Images {
    /// `[1797, 8, 8, 1]`, 0.0 to 1.0
    all: Array<f32>,
    labels: Vec<u8>,
    train: Vec<i32>,
    test: Vec<i32>,
}

impl Images {
    /// Reads `images_raw_0_16_all.npy`, `labels_all.npy`, `train_indices.npy` and `test_indices.npy` in `dir`.
    ///
    /// # Errors
    /// If a file cannot be read, has another shape, or names an image that does not exist.
    pub fn read(dir: &Path) -> Result<Images> {
        let raw: Vec<u8> = array(dir, "images_raw_0_16_all.npy", &[IMAGES, SIZE, SIZE])?;
        // A division by a power of two is exact.
        let data = raw.iter().map(|&x| f32::from(x) / 16.0).collect();
        let all = Array::new("images", vec![IMAGES, SIZE, SIZE, 1], data)?;
        let indices = |file: &str, count| {
            let indices: Vec<i32> = array(dir, file, &[count])?;
            match indices.iter().find(|&&i| !usize::try_from(i).is_ok_and(|i| i < IMAGES)) {
                Some(i) => Err(anyhow!("{file}: index {i} is outside 0..={}", IMAGES - 1)),
                None => Ok(indices),
            }
        };
        Ok(Images {
            all,
            labels: array(dir, "labels_all.npy", &[IMAGES])?,
            train: indices("train_indices.npy", TRAIN)?,
            test: indices("test_indices.npy", TEST)?,
        })
    }

    /// All images, `[1797, 8, 8, 1]`.
    pub fn all(&self) -> &Array<f32> {
        &self.all
    }

    /// The first 300 images that the networks were trained on, `[300, 8, 8, 1]`.
    ///
    /// # Errors
    /// Images that were read cause none.
    pub fn calibration_set(&self) -> Result<Array<f32>, qrtl_golden::Error> {
        self.some(&self.train[..CALIBRATION_IMAGES])
    }

    /// The images that the networks were not trained on, `[360, 8, 8, 1]`.
    ///
    /// # Errors
    /// Images that were read cause none.
    pub fn test_set(&self) -> Result<Array<f32>, qrtl_golden::Error> {
        self.some(&self.test)
    }

    fn some(&self, indices: &[i32]) -> Result<Array<f32>, qrtl_golden::Error> {
        const PIXELS: usize = SIZE * SIZE;
        // The indices were checked when they were read.
        let image = |&i: &i32| &self.all.data()[i as usize * PIXELS..][..PIXELS];
        Array::new("images", vec![indices.len(), SIZE, SIZE, 1], indices.iter().flat_map(image).copied().collect())
    }

    /// Number of images of the test set that are recognized: the greatest of the 10 logits of an image, or the first of
    /// equal ones, belongs to its label.
    pub fn recognized(&self, test_logits: &[f32]) -> usize {
        let right = |(&i, logits): (&i32, &[f32])| greatest(logits) == usize::from(self.labels[i as usize]);
        self.test.iter().zip(test_logits.chunks(CLASSES)).filter(|&pair| right(pair)).count()
    }
}

/// The index of the greatest element, or of the first of equal ones.
fn greatest(logits: &[f32]) -> usize {
    (1..logits.len()).fold(0, |best, i| if logits[i] > logits[best] { i } else { best })
}
