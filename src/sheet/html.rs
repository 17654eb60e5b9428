//! HTML for reading and for paper: A4, the heading repeated on every page, no script, nothing loaded from
//! elsewhere. Whatever comes out of a sheet is escaped by the template.

use askama::Template;

use super::{Align, Cell, RowStyle, Sheet, Value, decimal, grouped, local_date, local_time};

#[derive(Template)]
#[template(
    ext = "html",
    whitespace = "minimize",
    source = r#"<!DOCTYPE html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ sheet.title }}</title>
<style>
@page { size: A4 {{ orientation }}; margin: 15mm 12mm 15mm 15mm; @bottom-center { content: "Trang " counter(page) "/" counter(pages); font: 10pt "Times New Roman", "Liberation Serif", serif; } }
* { box-sizing: border-box; }
html { font: 11pt/1.3 "Times New Roman", "Liberation Serif", "Noto Serif", serif; color: #000; background: #fff; }
body { margin: 0 auto; max-width: 277mm; }
.top { width: 100%; border-collapse: collapse; margin-bottom: 10pt; }
.top td { width: 50%; text-align: center; vertical-align: top; padding: 0; border: 0; }
.top p { margin: 0; }
.rule { width: 38%; border: 0; border-top: 1px solid #000; margin: 2pt auto 0; }
.form { margin: 0 0 4pt; font-style: italic; text-align: right; }
h1 { font-size: 14pt; text-align: center; margin: 6pt 0 2pt; }
.sub { text-align: center; font-style: italic; margin: 0 0 2pt; }
.table { width: 100%; border-collapse: collapse; margin-top: 10pt; font-size: {{ size }}pt; }
.table th, .table td { border: 1px solid #000; padding: 2pt 3pt; vertical-align: middle; }
.table .left { overflow-wrap: anywhere; }
.table th { text-align: center; font-weight: bold; }
.table .numbers th { font-weight: normal; font-style: italic; padding: 0; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
.left { text-align: left; }
.center { text-align: center; }
.right { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.group td, .total td { font-weight: bold; }
.total td { background: #f0f0f0; }
a { color: #0b4a8f; text-decoration: none; border-bottom: 1px dotted; }
.notes { margin: 8pt 0 0; padding: 0; list-style: none; font-size: 10pt; }
.notes li { margin: 0 0 2pt; }
.sign { width: 100%; border-collapse: collapse; margin-top: 14pt; table-layout: fixed; break-inside: avoid; }
.sign td { text-align: center; vertical-align: top; border: 0; padding: 0 4pt; }
.sign p { margin: 0; }
.sign .space { height: 60pt; }
@media screen { body { padding: 12mm 8mm; } }
@media print { body { max-width: none; } a { color: inherit; border: 0; } }
</style>
</head>
<body>
{% if !sheet.agency.is_empty() %}
<table class="top"><tr>
<td>{% for line in sheet.agency %}<p>{% if loop.last %}<b>{{ line }}</b>{% else %}{{ line }}{% endif %}</p>{% endfor %}<hr class="rule"></td>
<td><p><b>CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</b></p><p><b>Độc lập - Tự do - Hạnh phúc</b></p><hr class="rule"></td>
</tr></table>
{% endif %}
{% if !sheet.form.is_empty() %}<p class="form">{{ sheet.form }}</p>{% endif %}
<h1>{{ sheet.title }}</h1>
{% for line in sheet.subtitle %}<p class="sub">{{ line }}</p>
{% endfor %}
<table class="table">
<colgroup>{% for width in widths %}<col style="width:{{ width }}%">{% endfor %}</colgroup>
<thead>
{% for row in sheet.heading %}<tr>{% for cell in row %}<th colspan="{{ cell.cols }}" rowspan="{{ cell.rows }}">{{ cell.text }}</th>{% endfor %}</tr>
{% endfor %}
{% if !sheet.numbers.is_empty() %}<tr class="numbers">{% for number in sheet.numbers %}<th>{{ number }}</th>{% endfor %}</tr>
{% endif %}
</thead>
<tbody>
{% for row in sheet.rows %}<tr{{ self.class(&row.style)|safe }}>{% for (i, cell) in row.cells.iter().enumerate() %}<td class="{{ self.align(i) }}">{% if let Some(link) = cell.link %}<a href="{{ link }}">{{ self.text(cell) }}</a>{% else %}{{ self.text(cell) }}{% endif %}</td>{% endfor %}</tr>
{% endfor %}
</tbody>
</table>
{% if !sheet.notes.is_empty() %}<ul class="notes">{% for note in sheet.notes %}<li>{{ note }}</li>{% endfor %}</ul>
{% endif %}
{% if !sheet.signatures.is_empty() %}
<table class="sign"><tr>{% for one in sheet.signatures %}<td><p><i>{{ one.place }}&nbsp;</i></p><p><b>{{ one.title }}</b></p><p><i>{{ one.note }}</i></p><p class="space"></p></td>{% endfor %}</tr></table>
{% endif %}
</body>
</html>
"#
)]
struct Page<'a> {
    sheet: &'a Sheet,
    orientation: &'static str,
    /// Percent of the table's width, two decimals.
    widths: Vec<String>,
    /// Of the table, in points: many columns need a smaller one.
    size: &'static str,
}

/// The whole page.
///
/// # Errors
/// The template fails, which it does only out of memory.
pub fn render(sheet: &Sheet) -> Result<String, askama::Error> {
    let total: f64 = sheet.columns.iter().map(|column| column.width).sum();
    let widths = sheet.columns.iter().map(|column| format!("{:.2}", column.width / total.max(1.0) * 100.0)).collect();
    let orientation = if sheet.landscape { "landscape" } else { "portrait" };
    let size = if sheet.columns.len() > 10 { "9.5" } else { "11" };
    Page { sheet, orientation, widths, size }.render()
}

impl Page<'_> {
    fn class(&self, style: &RowStyle) -> &'static str {
        match style {
            RowStyle::Plain => "",
            RowStyle::Group => " class=\"group\"",
            RowStyle::Total => " class=\"total\"",
        }
    }

    fn align(&self, column: &usize) -> &'static str {
        match self.sheet.columns.get(*column).map(|column| column.align) {
            Some(Align::Center) => "center",
            Some(Align::Right) => "right",
            Some(Align::Left) | None => "left",
        }
    }

    fn text(&self, cell: &Cell) -> String {
        match &cell.value {
            Value::Empty => String::new(),
            Value::Text(text) => text.clone(),
            Value::Integer(number) => grouped(*number),
            Value::Decimal(number) => decimal(number),
            Value::Date(date) => local_date(*date),
            Value::Instant(at) => local_time(*at),
        }
    }
}
