// Looks at the report in frames of this page, and writes what is wrong. The scripts are not in the
// report itself, whose policy forbids them. `expected` is declared before this script.
'use strict';

const faults = [];
const facts = [];

function luminance(colour) {
    const linear = channel => {
        const part = channel / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    };
    const [red, green, blue] = colour.match(/[\d.]+/g).map(Number);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function contrast(a, b) {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
}

function hasText(element) {
    return [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
}

// Returns the colours of a text and of what is behind it.
function colours(element, style) {
    if (element.tagName === 'text') {
        const paper = element.ownerSVGElement.querySelector('rect');
        return [style(element).fill, style(paper).fill];
    }
    let behind = element;
    while (behind && style(behind).backgroundColor === 'rgba(0, 0, 0, 0)') {
        behind = behind.parentElement;
    }
    return [style(element).color, behind ? style(behind).backgroundColor : 'rgb(255, 255, 255)'];
}

function checkColours(page, fault) {
    const style = element => page.defaultView.getComputedStyle(element);
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    facts.push(dark ? 'dark' : 'light');
    for (const element of page.querySelectorAll('main *')) {
        if (element.tagName === 'style' || !hasText(element)) continue;
        const [front, back] = colours(element, style);
        const ratio = contrast(front, back);
        const text = element.textContent.trim().slice(0, 30);
        if (ratio < 4.5) fault(`contrast ${ratio.toFixed(1)}: ${front} on ${back}: ${text}`);
        if (luminance(front) > luminance(back) !== dark) fault(`wrong scheme: ${front}: ${text}`);
    }
}

function isWithin(inner, outer) {
    return inner.left >= outer.left - 1 && inner.right <= outer.right + 1
        && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
}

function overlap(a, b) {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    return wide > 2 && high > 4; // the boxes of lines are higher than their letters
}

function checkPlot(svg, fault) {
    const name = svg.querySelector('text').textContent.trim();
    const box = svg.getBoundingClientRect();
    if (!(box.width > 300 && box.height > 60)) fault(`${name}: ${box.width} x ${box.height}`);
    const texts = [...svg.querySelectorAll('text')].map(text => ({
        text: text.textContent.trim(),
        box: text.getBoundingClientRect(),
    }));
    texts.forEach((it, index) => {
        if (!isWithin(it.box, box)) fault(`${name}: text beyond the edge: ${it.text}`);
        for (const other of texts.slice(0, index)) {
            if (overlap(it.box, other.box)) fault(`${name}: overlap: ${other.text} | ${it.text}`);
        }
    });
}

function checkLayout(page, width, fault) {
    const wide = () => page.documentElement.scrollWidth;
    if (wide() > width) fault(`the page is ${wide()} pixels wide`);
    for (const box of page.querySelectorAll('main > *')) {
        const { left, right } = box.getBoundingClientRect();
        if (left < 0 || right > width) fault(`${box.tagName} from ${left} to ${right}`);
    }
    const [answers, losses, ...tables] = page.querySelectorAll('table');
    const { top, bottom } = answers.getBoundingClientRect();
    if (top > 100) fault(`the answers begin at ${top}`);
    if (width > 1000 && bottom > 800) fault(`the answers end at ${bottom}`);
    for (const table of tables) {
        const details = table.closest('details');
        const start = table.textContent.trim().slice(0, 30);
        if (!details || details.open) fault(`a table is not folded: ${start}`);
    }
    const plots = page.querySelectorAll('main > figure > svg');
    facts.push(`${plots.length} plots, ${tables.length} tables, ${answers.rows.length - 1} answers, ${losses.rows.length - 1} losses`);
    plots.forEach(plot => checkPlot(plot, fault));
    page.querySelectorAll('details').forEach(details => { details.open = true; });
    if (wide() > width) fault(`the unfolded page is ${wide()} pixels wide`);
    page.querySelectorAll('details svg').forEach(plot => checkPlot(plot, fault));
}

// Returns the visible texts of a table's first column, without the head.
function firstColumn(table) {
    const cells = [...table.querySelectorAll('td:first-child')];
    return cells.filter(cell => cell.checkVisibility()).map(cell => cell.textContent.trim());
}

function checkColumn(where, column, expected, fault) {
    const missing = expected.filter(text => !column.includes(text));
    if (missing.length) fault(`${where}: no row ${missing.join(' | ')}`);
    if (column.length !== expected.length) {
        fault(`${where}: ${column.length} rows instead of ${expected.length}`);
    }
}

// Checks the first column of the answers, and those of the unfolded scenarios.
function checkRows(page, fault) {
    checkColumn('answers', firstColumn(page.querySelector('table')), expected.uses, fault);
    const folded = [...page.querySelectorAll('details')];
    for (const [title, ...labels] of expected.scenarios) {
        const of = folded.find(it => it.querySelector('summary').textContent.trim() === title);
        if (of) checkColumn(title, firstColumn(of.querySelector('table')), labels, fault);
        else fault(`no scenario ${title}`);
    }
    facts.push(`${expected.uses.length} uses, ${expected.scenarios.length} scenarios`);
}

function checkSelfContained(page, fault) {
    if (page.scripts.length) fault('there is a script');
    for (const entry of page.defaultView.performance.getEntriesByType('resource')) {
        fault(`requests ${entry.name}`);
    }
}

addEventListener('load', () => {
    for (const frame of document.querySelectorAll('iframe')) {
        const fault = what => faults.push(`${frame.width} wide: ${what}`);
        try {
            checkSelfContained(frame.contentDocument, fault);
            checkColours(frame.contentDocument, fault);
            checkLayout(frame.contentDocument, Number(frame.width), fault);
            checkRows(frame.contentDocument, fault);
        } catch (error) {
            fault(error.stack);
        }
    }
    document.body.textContent = JSON.stringify({ facts, faults }, null, 1);
});
