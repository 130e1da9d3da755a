// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that imports a dma-buf and can be told to let go of it.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>

#include "display.h"
#include "planefd_compat.h"

/* The reservation lock is held here, and wherever .imported is written */
static void importer_unmap(struct test_importer *importer)
{
	if (!importer->imported)
		return;
	dma_buf_unmap_attachment(importer->attachment, importer->imported,
				 DMA_BIDIRECTIONAL);
	importer->imported = NULL;
}

static void importer_invalidate(struct dma_buf_attachment *attachment)
{
	struct test_importer *importer = attachment->importer_priv;

	importer_unmap(importer);
	WRITE_ONCE(importer->told, importer->told + 1);
}

static const struct dma_buf_attach_ops importer_ops = {
	PLANEFD_INVALIDATE_OP(importer_invalidate)
};

/* -EIO where it can be attached, and not be mapped */
static int importer_map(struct test_importer *importer)
{
	struct dma_buf *dmabuf = importer->attachment->dmabuf;
	struct sg_table *sgt;

	dma_resv_lock(dmabuf->resv, NULL);
	sgt = dma_buf_map_attachment(importer->attachment, DMA_BIDIRECTIONAL);
	importer->imported = IS_ERR(sgt) ? NULL : sgt;
	dma_resv_unlock(dmabuf->resv);
	return IS_ERR(sgt) ? -EIO : 0;
}

void test_importer_drop(struct test_importer *importer)
{
	struct dma_buf *dmabuf;

	if (!importer->attachment)
		return;
	dmabuf = importer->attachment->dmabuf;
	dma_resv_lock(dmabuf->resv, NULL);
	importer_unmap(importer);
	dma_resv_unlock(dmabuf->resv);
	dma_buf_detach(dmabuf, importer->attachment);
	dma_buf_put(dmabuf);
	importer->attachment = NULL;
}

/* Import a fd's dma-buf in place of the last; by one caller at a time. */
int test_importer_import(struct test_importer *importer, struct device *dev,
			 int fd)
{
	struct dma_buf_attachment *attachment;
	struct dma_buf *dmabuf;
	int ret;

	test_importer_drop(importer);
	ret = dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attachment = dma_buf_dynamic_attach(dmabuf, dev, &importer_ops,
					    importer);
	if (IS_ERR(attachment)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(attachment);
	}
	importer->attachment = attachment;
	importer->told = 0;
	ret = importer_map(importer);
	if (ret)
		test_importer_drop(importer);
	return ret;
}
