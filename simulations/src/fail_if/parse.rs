//! A condition from its text: one function for each rule of the grammar, the loosest first.

use super::{Comparison, FailIf, FailIfProblem, Operator, Term};

/// How deep parentheses and signs may be nested.
const DEEPEST: usize = 64;

pub(super) fn parse(text: &str) -> Result<FailIf, FailIfProblem> {
    let mut parser = Parser { letters: text.chars().collect(), at: 0, depth: 0 };
    let left = parser.sum()?;
    let comparison = parser.comparison()?;
    let right = parser.sum()?;
    parser.blanks();
    match parser.peek() {
        None => Ok(FailIf { text: text.to_owned(), left, comparison, right }),
        Some('<' | '>' | '=' | '!') => Err(parser.problem("a condition compares once")),
        Some(_) => Err(parser.expected("an operator or the end")),
    }
}

struct Parser {
    letters: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn blanks(&mut self) {
        self.skip(char::is_whitespace);
    }

    fn skip(&mut self, belongs: fn(char) -> bool) {
        while self.peek().is_some_and(belongs) {
            self.at += 1;
        }
    }

    fn take(&mut self, letter: char) -> bool {
        let found = self.peek() == Some(letter);
        self.at += usize::from(found);
        found
    }

    /// What was read since a place.
    fn since(&self, from: usize) -> String {
        self.letters.iter().skip(from).take(self.at - from).collect()
    }

    fn problem(&self, message: impl Into<String>) -> FailIfProblem {
        FailIfProblem { column: self.at + 1, message: message.into() }
    }

    fn expected(&self, what: &str) -> FailIfProblem {
        match self.peek() {
            Some(found) => self.problem(format!("expected {what}, found `{found}`")),
            None => self.problem(format!("expected {what}, found the end")),
        }
    }

    fn comparison(&mut self) -> Result<Comparison, FailIfProblem> {
        self.blanks();
        let expected = self.expected("an operator or a comparison: <, <=, >, >=, == or !=");
        let first = self.peek();
        self.at += 1;
        let equal = self.take('=');
        match (first, equal) {
            (Some('<'), false) => Ok(Comparison::Less),
            (Some('<'), true) => Ok(Comparison::LessOrEqual),
            (Some('>'), false) => Ok(Comparison::Greater),
            (Some('>'), true) => Ok(Comparison::GreaterOrEqual),
            (Some('='), true) => Ok(Comparison::Equal),
            (Some('!'), true) => Ok(Comparison::NotEqual),
            _ => Err(expected),
        }
    }

    fn sum(&mut self) -> Result<Term, FailIfProblem> {
        self.operations(&[('+', Operator::Plus), ('-', Operator::Minus)], Self::product)
    }

    fn product(&mut self) -> Result<Term, FailIfProblem> {
        self.operations(&[('*', Operator::Times), ('/', Operator::By)], Self::signed)
    }

    /// Operands with operators of one rank between them, from left to right.
    fn operations(
        &mut self,
        operators: &[(char, Operator)],
        operand: fn(&mut Self) -> Result<Term, FailIfProblem>,
    ) -> Result<Term, FailIfProblem> {
        let mut term = operand(self)?;
        loop {
            self.blanks();
            let column = self.at + 1;
            let Some((_, operator)) = operators.iter().find(|(sign, _)| self.peek() == Some(*sign)) else {
                return Ok(term);
            };
            self.at += 1;
            let (left, right) = (Box::new(term), Box::new(operand(self)?));
            term = Term::Operation { column, operator: *operator, left, right };
        }
    }

    fn signed(&mut self) -> Result<Term, FailIfProblem> {
        self.blanks();
        if self.depth == DEEPEST {
            return Err(self.problem(format!("more than {DEEPEST} parentheses or signs in each other")));
        }
        self.depth += 1;
        let term = if self.take('-') {
            Term::Negated(Box::new(self.signed()?))
        } else if self.take('(') {
            self.closed()?
        } else {
            self.atom()?
        };
        self.depth -= 1;
        Ok(term)
    }

    fn closed(&mut self) -> Result<Term, FailIfProblem> {
        let term = self.sum()?;
        if self.take(')') { Ok(term) } else { Err(self.expected("an operator or `)`")) }
    }

    fn atom(&mut self) -> Result<Term, FailIfProblem> {
        match self.peek() {
            Some(letter) if letter.is_ascii_digit() || letter == '.' => self.number(),
            Some(letter) if letter.is_ascii_alphabetic() => self.value(),
            _ => Err(self.expected("a number, STRATEGY.METRIC or `(`")),
        }
    }

    fn number(&mut self) -> Result<Term, FailIfProblem> {
        let from = self.at;
        self.skip(|letter| letter.is_ascii_digit() || letter == '.');
        let text = self.since(from);
        let number: f64 = text.parse().map_err(|_| {
            let message = format!("`{text}` is no number");
            FailIfProblem { column: from + 1, message }
        })?;
        Ok(Term::Number(if self.take('%') { number / 100.0 } else { number }))
    }

    /// `STRATEGY.METRIC`. A strategy's name may have `-` in it, a metric's has none: `a-b.G-c.G` is a difference.
    fn value(&mut self) -> Result<Term, FailIfProblem> {
        let from = self.at;
        self.skip(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_');
        let strategy = self.since(from);
        if !self.take('.') {
            return Err(self.expected(&format!("`.` and a metric behind `{strategy}`")));
        }
        let metric = self.at;
        self.skip(|letter| letter.is_ascii_alphanumeric());
        if metric == self.at {
            return Err(self.expected(&format!("a metric behind `{strategy}.`")));
        }
        Ok(Term::Value { column: from + 1, strategy, metric: self.since(metric) })
    }
}
