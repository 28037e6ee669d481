import { describe, expect, test } from 'vitest'
import { readMail } from '../../../scripts/setup/mail.mjs'
import { chooseRows, toCsv } from '../../../scripts/setup/sample.mjs'

const mail = (text: string) => readMail(Buffer.from(text, 'latin1'))

describe('readMail', () => {
  test('keeps the subject, drops the other headers, joins folded lines', () => {
    const text = 'From x Mon Jan 1\nReceived: by a\n\tfor b\nSubject: Hello\n  again\nX-Spam: yes\n\nBody\r\nof it\n'
    expect(mail(text)).toEqual({ subject: 'Hello again', body: 'Body of it' })
  })

  test('undoes base64 in the declared character set', () => {
    const body = Buffer.from('değerli kullanıcımız', 'utf8').toString('base64')
    const text = `Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: BASE64\n\n${body}\n`
    expect(mail(text).body).toBe('değerli kullanıcımız')
  })

  test('undoes quoted-printable, soft breaks included', () => {
    const text =
      'Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nna=EFve =3D so=\nft\n'
    expect(mail(text).body).toBe('naïve = soft')
  })

  test('undoes encoded words in the subject', () => {
    expect(mail('Subject: =?iso-8859-1?Q?Gr=FC=DFe_?= =?utf-8?B?4oKs?=\n\nx').subject).toBe('Grüße €')
  })

  test('takes the plain part of a multipart mail and leaves attachments out', () => {
    const text = [
      'Content-Type: multipart/mixed; boundary="=_b.1"',
      '',
      'preamble',
      '--=_b.1',
      'Content-Type: multipart/alternative; boundary=inner',
      '',
      '--inner',
      'Content-Type: text/plain',
      '',
      'plain words',
      '--inner',
      'Content-Type: text/html',
      '',
      '<p>html words</p>',
      '--inner--',
      '--=_b.1',
      'Content-Type: image/gif',
      'Content-Transfer-Encoding: base64',
      '',
      'R0lGODlh',
      '--=_b.1--',
      'epilogue',
    ].join('\n')
    expect(mail(text).body).toBe('plain words')
  })

  test('strips HTML, declared or not, and decodes entities', () => {
    const html = '<html><style>p{}</style><!-- x --><p>Tom &amp; Jerry&#39;s<br>&euro;5 v<b>ia</b>g</p></html>'
    expect(mail(`Content-Type: text/html\n\n${html}`).body).toBe("Tom & Jerry's €5 viag")
    expect(mail(`Subject: s\n\n${html}`).body).toBe("Tom & Jerry's €5 viag")
    expect(mail('Subject: s\n\na < b and <joe@example.org>').body).toBe('a < b and <joe@example.org>')
  })

  test('takes undeclared bytes as UTF-8 when they are, else as windows-1252', () => {
    expect(readMail(Buffer.from('Subject: s\n\ncafé', 'utf8')).body).toBe('café')
    expect(mail('Subject: s\n\ncaf\xe9 \x93q\x94').body).toBe('café “q”')
  })
})

describe('chooseRows', () => {
  const long = (word: string) => `${word} `.repeat(30).trim()
  const at = (name: string, body: string, subject = '') => ({ name: `package/data/${name}`, subject, body })

  test('balances labels, drops short mails and repeated bodies, and does not depend on the order of the files', () => {
    const mails = [
      at('spam-1/1.txt', long('buy'), 'now'),
      at('spam-1/2.txt', long('buy'), 'another subject'),
      at('spam-2/3.txt', 'short'),
      at('easy-ham-1/1.txt', long('meeting')),
      at('easy-ham-1/2.txt', long('notes')),
    ]
    const rows = chooseRows(mails)
    expect(rows.map(({ label }: { label: string }) => label).sort()).toEqual(['ham', 'spam'])
    expect(rows.find(({ label }: { label: string }) => label === 'spam')?.text).toMatch(/^now\nbuy buy/)
    expect(chooseRows(mails.toReversed())).toEqual(rows)
  })

  test('cuts at 2,000 characters and never through a pair', () => {
    const rows = chooseRows([at('spam-1/1.txt', `${'a'.repeat(1999)}😀`), at('easy-ham-1/1.txt', long('b'))])
    const text = rows.find(({ label }: { label: string }) => label === 'spam')?.text
    expect(text).toBe('a'.repeat(1999))
  })

  test('writes CSV with quotes doubled', () => {
    expect(toCsv([{ text: 'a "b",\nc', label: 'ham' }])).toBe('text,label\n"a ""b"",\nc",ham\n')
  })
})
