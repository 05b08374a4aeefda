// Identifiers: Excel's dates are known, gene symbols are not taken for dates, versions come off.
import assert from "node:assert/strict";
import test from "node:test";
import { isExcelDate, isExcelNumber, stripEnsemblVersion } from "../../lib/cohort/identifiers.js";

test("isExcelDate knows the forms in which Excel writes SEPT1, MARCH1 and DEC1", () => {
  const dates = [
    "1-Sep",
    "01-Mar",
    "31-Dec",
    "1-Sep-21",
    "01-Mar-2021",
    "Sep-01",
    "Mar-2001",
    "2021-09-01",
    "2021-09-01 00:00:00",
    "2021-09-01T00:00:00.000Z",
    "9/1/2021",
    "2001-03-01",
  ];
  for (const date of dates) assert.ok(isExcelDate(date), date);
});

test("isExcelDate knows the forms of other languages", () => {
  const dates = [
    "01-Sept",
    "1-sept.",
    "1. Mrz",
    "2021/9/1",
    "09월 01일",
    "1.9.",
    "1-мар",
    "1-Eyl",
    "2. syys",
    "3-лют.",
    "1-Μαρ",
    "01. Mär",
    "02-mar",
    "1-mars",
    "1-Dez",
    "1-déc",
    "Sep 1",
    "sept-01",
    "1er mars",
    "1-set",
    "5-okt",
    "1-Mrz-21",
    "Okt-01",
    "01.09.2021",
    "1.9.2021",
    "01-03-2021",
    "2021/03/01",
  ];
  for (const date of dates) assert.ok(isExcelDate(date), date);
});

test("isExcelNumber knows clone ids that Excel rounded, and no other number", () => {
  for (const id of ["2.31E+13", "2,31E+13", "5E+10"]) assert.ok(isExcelNumber(id), id);
  for (const id of ["2310009E13Rik", "2310009E13", "2.31e13", "1E2", "100", "E+13"]) {
    assert.ok(!isExcelNumber(id), id);
  }
});

test("isExcelDate leaves names alone that only resemble dates", () => {
  const names = [
    "SEPT1",
    "SEPTIN1",
    "MARCH1",
    "MARC1",
    "DEC1",
    "sep-1",
    "oct-2",
    "Sep-1",
    "SEP-01",
    "",
    "2-MAG",
    "set-21",
    "1-SEP",
    "1.14.13.39",
    "01.13.21",
    "32-Dec",
    "0-Jan",
    "2021-13-01",
    "2021-00-10",
    "50-00-0",
    "2021-09-012",
    "7440-70-2",
    "2051-10-7",
    "14-3-3_beta",
    "C3L-00365",
    "44440",
    "1-methylnicotinamide",
    "x2021-09-01",
  ];
  for (const name of names) assert.ok(!isExcelDate(name), name);
});

test("stripEnsemblVersion takes the version off genes, transcripts and proteins of any species", () => {
  assert.equal(stripEnsemblVersion("ENSG00000000003.15"), "ENSG00000000003");
  assert.equal(stripEnsemblVersion("ENST00000456328.2"), "ENST00000456328");
  assert.equal(stripEnsemblVersion("ENSMUSP00000000001.5"), "ENSMUSP00000000001");
});

test("stripEnsemblVersion tells the two copies of the pseudoautosomal genes apart", () => {
  assert.equal(stripEnsemblVersion("ENSG00000182378.15_PAR_Y"), "ENSG00000182378_PAR_Y");
});

test("stripEnsemblVersion leaves every other identifier as it is", () => {
  for (const id of ["ENSG00000000003", "AC004556.1", "NP_001005484.2", "ENSG00000000003.15x", ""]) {
    assert.equal(stripEnsemblVersion(id), id);
  }
});
