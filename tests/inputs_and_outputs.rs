//! Models with several inputs and outputs, and with words: declared, trained by the names of fields, and what is refused.

use typenet::layers::check::check_gradient;
use typenet::metrics::MeanAbsoluteError as AbsoluteError;
use typenet::model::Error;
use typenet::prelude::*;
use typenet::schema::{IndexError, Words};

model! {
    /// An image and a text to a class and a price.
    pub Product <
        image: Input(3, 4, 4),
        text: Input(..6, u32),
        image -> Conv2d(3 => 4, kernel = 3, silu), Flatten, seen: Dense(_ => 16, tanh),
        text -> Embedding(20 => 16), read: GlobalAvgPool,
        both: (seen, read) -> Concat,
        class: Dense(32 => 3, softmax),
        price: both -> Dense(32 => 1),
        (class, price),
    >
}

model! {
    /// A bag of words.
    pub Topic < Input(..8, u32), Embedding(50 => 12), GlobalAvgPool, Dense(_ => 2, softmax) >
}

model! {
    /// One input, two outputs of which one is read by the other.
    pub Both < shared: Dense(3 => 8, tanh), sum: Dense(8 => 2), (shared, sum) -> Concat, sign: Dense(10 => 1, sigmoid), (sum, sign) >
}

type Image = [[[f32; 4]; 4]; 3];

fn data(samples: usize) -> (Vec<Image>, Vec<Words<6>>, Vec<u8>, Vec<f32>) {
    let mut all = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for i in 0..samples {
        let (class, brightness) = (i % 3, (i % 7) as f32 / 7.0);
        let words: Vec<u32> = (0..1 + i % 6).map(|place| (class + 3 * place) as u32).collect();
        all.0.push([[[brightness; 4]; 4]; 3]);
        all.1.push(Words::try_from(&words[..]).expect("1 to 6 words"));
        all.2.push(class as u8);
        all.3.push(2.0 * brightness);
    }
    all
}

#[test]
fn gradients_are_those_of_central_differences() {
    check_gradient::<Product>(3, 1);
    check_gradient::<Topic>(4, 2);
    check_gradient::<Both>(3, 3);
}

#[test]
fn fields_are_given_by_name() {
    let (images, texts, classes, prices) = data(60);
    let mut trainer = Product::new(1)
        .compile(
            Adam::new(0.01),
            ProductOutputs { class: CategoricalCrossEntropy, price: MeanSquaredError },
            ProductOutputs { class: (Accuracy::new(),), price: (AbsoluteError::new(),) },
        )
        .loss_weights(ProductOutputs { class: 1.0, price: 0.5 });
    let samples = ProductInputs { image: &images[..], text: &texts[..] };
    let labels = ProductOutputs { class: &classes[..], price: &prices[..] };
    let history = trainer.fit(samples, labels).epochs(80).batch_size(16).progress(false).run().unwrap();
    let last = history.last().unwrap();
    assert!(last.get("class_accuracy").unwrap() > 0.95, "{last:?}");
    assert!(last.get("price_loss").unwrap() < 0.1 && last.get("class_loss").unwrap() < 0.3, "{last:?}");
    let sum = last.get("class_loss").unwrap() + 0.5 * last.get("price_loss").unwrap();
    assert!((last.get("loss").unwrap() - sum).abs() < 1e-9 * sum);

    let ProductOutputs { class, price } =
        trainer.predict(ProductInputs { image: &images[4], text: &texts[4] });
    assert!(class[1] > 0.5 && (price[0] - prices[4]).abs() < 0.5, "{class:?} {price:?}");

    let uneven = ProductInputs { image: &images[..], text: &texts[1..] };
    let error = trainer.fit(uneven, labels).progress(false).run().unwrap_err();
    assert!(error.to_string().contains("image") && error.to_string().contains("text"), "{error}");
}

#[test]
fn words_that_cannot_be_are_named() {
    let texts: Vec<Words<8>> = (0..10_u32).map(|i| Words::try_from(&[i, i + 1][..]).unwrap()).collect();
    let labels: Vec<u8> = (0..10).map(|i| i % 2).collect();
    let mut trainer = Topic::new(1).compile(Adam::new(0.05), CategoricalCrossEntropy, (Accuracy::new(),));
    trainer.fit(&texts, &labels).epochs(2).progress(false).run().unwrap();
    let mut wrong = texts.clone();
    wrong[7] = Words::try_from(&[1, 2, 50][..]).unwrap();
    match trainer.fit(&wrong, &labels).progress(false).run() {
        Err(Error::Word {
            error: IndexError::Word { sample: 7, position: 2, found: 50, below: 50, .. },
            ..
        }) => {}
        other => panic!("{other:?}"),
    }
    assert!(Words::<8>::try_from(&[0; 9][..]).is_err() && Words::<8>::try_from(&[][..]).is_err());
}
