"""Documents rendered: text, HTML, SVG, Markdown, JSON."""
