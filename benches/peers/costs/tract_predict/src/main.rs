//! Predicts with W1 by tract, the ONNX file in the binary: `tract_predict DATA`.

use tract_onnx::prelude::*;

static MODEL: &[u8] = include_bytes!("../../../target/cases/w1_1.onnx");

fn main() -> TractResult<()> {
    let folder = std::env::args().nth(1).expect("the folder of the data");
    let bytes = std::fs::read(format!("{folder}/w1.x")).expect("the data");
    let floats: Vec<f32> =
        bytes[..4 * 784].as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    let model = tract_onnx::onnx().model_for_read(&mut std::io::Cursor::new(MODEL))?;
    let model = model.into_optimized()?.into_runnable()?;
    let input: Tensor = tract_ndarray::Array2::from_shape_vec((1, 784), floats)?.into();
    println!("{:?}", model.run(tvec!(input.into()))?);
    Ok(())
}
